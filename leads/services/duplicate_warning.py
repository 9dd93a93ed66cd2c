"""Find open leads that may be about the same business as one that is about to be stored."""

from crm.actors import Actor
from leads.models import Lead
from people.models.national_phones import may_be_same
from people.services.contacts import region_of_company
from people.services.duplicates import MOST_LISTED, Reason
from people.services.national_phones import MOST_COMPARED, ending_alike

#: Leads, each with what it shares.
Like = list[tuple[Lead, list[str]]]


def leads_like(lead: Lead, *, actor: Actor) -> Like:
    """Return other visible open leads of the same person, e-mail address or phone number, the oldest first.

    :param lead: with its search columns set; it need not be stored.
    """
    found: dict[int, tuple[Lead, list[str]]] = {}
    # One statement each: every condition has an index of its own.
    for reason, column, value in (
        ("PERSON", "person_id", lead.person_id),
        (Reason.EMAIL, "email_canonical", lead.email_canonical),
        (Reason.PHONE, "phone_canonical", lead.phone_canonical),
    ):
        if value is None:
            continue
        same = Lead.objects.visible_to(actor).open().filter(**{column: value}).exclude(pk=lead.pk)
        for other in same.select_related("owner").order_by("pk")[:MOST_LISTED]:
            found.setdefault(other.pk, (other, []))[1].append(reason)
    for other in _of_same_phone(lead, actor):
        reasons = found.setdefault(other.pk, (other, []))[1]
        if Reason.PHONE not in reasons:
            reasons.append(Reason.PHONE)
    return [found[key] for key in sorted(found)]


def _of_same_phone(lead: Lead, actor: Actor) -> list[Lead]:
    """Return the open leads with this number, of which one may lack its country."""
    if not lead.phone:
        return []
    region = region_of_company(actor)
    opened = Lead.objects.visible_to(actor).open().exclude(pk=lead.pk).order_by().select_related("owner")
    ending = ending_alike(opened, lead.phone, region)
    others = [] if ending is None else ending[:MOST_COMPARED]
    return [other for other in others if other.phone and may_be_same(lead.phone, other.phone, region)]
