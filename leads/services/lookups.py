"""Statuses, types, sources and receivers: stored and removed with their defaults kept right."""

from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Conflict
from crm.models.lifecycle import LIVE
from crm.services import saving
from leads.models import Lead, LeadReceiver, LeadSource, LeadStatus, LeadType, StatusCategory

Lookup = TypeVar("Lookup", LeadStatus, LeadType, LeadSource, LeadReceiver)


@transaction.atomic
def save_lookup(row: Lookup, *, actor: Actor) -> Lookup:
    """Validate and store a row of a small list; choosing a default takes it from the one before.

    :raises ValidationError: if the name is taken, or the default status is to be none.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    if isinstance(row, LeadStatus | LeadReceiver):
        _keep_one_default(row, actor)
    saving.store(row, actor=actor)
    return row


def _keep_one_default(row: LeadStatus | LeadReceiver, actor: Actor) -> None:
    others = type(row).objects.visible_to(actor).exclude(pk=row.pk).filter(is_default=True)
    if row.is_default:
        others.update(is_default=False)
    elif isinstance(row, LeadStatus) and not others.exists():
        if not row._state.adding:
            raise ValidationError({"is_default": ["Make another status the default instead."]})
        row.is_default = True


@transaction.atomic
def delete_lookup(row: LeadStatus | LeadType | LeadSource | LeadReceiver, *, actor: Actor) -> None:
    """Remove a row of a small list.

    :raises Conflict: if live leads use it, or the company cannot be without it.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    used = row.leads.filter(LIVE).count()
    if used:
        raise Conflict(f"{used} leads still use it.")
    if isinstance(row, LeadStatus):
        _refuse_needed_status(row, actor)
    row.delete()


def _refuse_needed_status(status: LeadStatus, actor: Actor) -> None:
    if status.is_default:
        raise Conflict("This is the default status: choose another default first.")
    alike = LeadStatus.objects.visible_to(actor).filter(category=status.category).exclude(pk=status.pk)
    if status.category in (StatusCategory.WON, StatusCategory.LOST) and not alike.exists():
        raise Conflict("A company keeps a status for won and one for lost leads.")
    if Lead.objects.filter(status=status).exists():
        raise Conflict("Deleted leads still have this status.")
