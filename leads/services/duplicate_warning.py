"""Find open leads that may be about the same business as one that is about to be stored."""

from crm.actors import Actor
from leads.models import Lead
from people.services.duplicates import MOST_LISTED

#: Leads, each with what it shares.
Like = list[tuple[Lead, list[str]]]


def leads_like(lead: Lead, *, actor: Actor) -> Like:
    """Return other visible open leads of the same person, e-mail address or phone number, the oldest first.

    :param lead: with its search columns set; it need not be stored.
    """
    found: dict[int, tuple[Lead, list[str]]] = {}
    # One statement each: every condition has an index of its own.
    for reason, column, value in (
        ("same person", "person_id", lead.person_id),
        ("same e-mail", "email_canonical", lead.email_canonical),
        ("same phone", "phone_canonical", lead.phone_canonical),
    ):
        if value is None:
            continue
        same = Lead.objects.visible_to(actor).open().filter(**{column: value}).exclude(pk=lead.pk)
        for other in same.select_related("owner").order_by("pk")[:MOST_LISTED]:
            found.setdefault(other.pk, (other, []))[1].append(reason)
    return [found[key] for key in sorted(found)]
