"""The lead that a button of its page changes."""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from crm.actors import Action, Actor
from leads.models import Lead


def lead_to_change(key: int, actor: Actor) -> Lead:
    """Return a lead that the actor sees and may change; refuse the request otherwise."""
    lead = Lead.objects.visible_to(actor).filter(pk=key).first()
    if lead is None:
        raise Http404
    if not actor.may(Action.CHANGE_LEADS):
        raise PermissionDenied
    return lead
