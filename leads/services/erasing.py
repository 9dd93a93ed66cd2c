"""Erase what leads, receivers and e-mails hold about a person."""

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from crm.actors import Actor
from crm.services.erasing import ERASED, Erasure, erase_records
from leads.models import Lead, LeadPerson, LeadRoutingLog, ReceivedMail, ReceiverAttempt
from people.models import Person
from people.services.erasing import plain_row
from people.signals import person_erased, person_reported

#: What is left of a lead: its stage, status, value and times, for the reports.
EMPTIED: dict[str, Any] = {
    "title": ERASED,
    "custom_fields": {},
    "search_text": "",
    **dict.fromkeys(
        (
            *("firstname", "lastname", "email", "phone", "description", "reason_lost"),
            *("external_id", "external_source", "email_canonical", "phone_canonical", "phone_dialled"),
            "person",
        )
    ),
}


@receiver(person_erased)
def erase_from_leads(*, people: Sequence[Person], erasure: Erasure, **_: object) -> None:
    """Empty the leads of people and the deliveries that made them, and whatever else names them."""
    company = {"company_id": erasure.actor.company_id}
    columns = (
        "title",
        "firstname",
        "lastname",
        "email",
        "phone",
        "description",
        "reason_lost",
        "custom_fields",
    )
    leads = Lead._base_manager.filter(**company)
    keys = set(leads.filter(person__in=[each.pk for each in people]).values_list("pk", flat=True))
    # Leads that were made before the person, or unlinked from them.
    keys |= set(erasure.naming(leads, *columns, "reason_lost", "custom_fields").values_list("pk", flat=True))
    erase_records(erasure, Lead, "lead", keys)
    for lead in Lead._base_manager.filter(pk__in=keys):
        lead.tags.clear()
    erasure.wipe(Lead._base_manager.filter(pk__in=keys), **EMPTIED)
    LeadPerson._base_manager.filter(lead__in=keys).delete()
    # Others in which they only take part.
    others = leads.filter(people_participations__person__in=[each.pk for each in people])
    erasure.count_versions(Lead._base_manager.filter(pk__in={*keys, *others.values_list("pk", flat=True)}))
    logs = LeadRoutingLog._base_manager.filter(lead__in=keys)
    erasure.wipe(logs, detail={}, error=None)
    _erase_attempts(erasure, keys)


def _erase_attempts(erasure: Erasure, leads: set[int]) -> None:
    attempts = ReceiverAttempt._base_manager.filter(company_id=erasure.actor.company_id)
    keys = set(attempts.filter(lead__in=leads).values_list("pk", flat=True))
    keys |= set(erasure.naming(attempts, "payload", "errors", "key_order").values_list("pk", flat=True))
    keys |= set(_with_bytes(erasure, attempts.exclude(raw_body=None), "pk", "raw_body"))
    mails = ReceivedMail._base_manager.filter(company_id=erasure.actor.company_id)
    keys |= set(_with_bytes(erasure, mails, "attempt_id", "raw"))
    erasure.remove(mails.filter(attempt__in=keys), "stored e-mails removed")
    logs = LeadRoutingLog._base_manager.filter(attempt__in=keys)
    erasure.wipe(logs, detail={}, error=None)
    erasure.remove(attempts.filter(pk__in=keys), "receiver attempts removed")


def _with_bytes(erasure: Erasure, rows: Any, key: str, column: str) -> list[int]:
    """Return the keys of rows whose bytes name the person, read one at a time."""
    wanted = [each.casefold().encode() for each in erasure.identifiers]
    found = []
    for pk, content in rows.values_list(key, column).iterator(chunk_size=20):
        lowered = bytes(content).lower()
        if any(each in lowered for each in wanted):
            found.append(pk)
    return found


@receiver(person_reported)
def report_leads(*, person: Person, actor: Actor, **_: object) -> dict[str, Any]:
    """Return the leads of a person that the actor sees, with the deliveries that made them."""
    leads = Lead.objects.visible_to(actor).filter(person=person).order_by("pk")
    attempts = ReceiverAttempt.objects.visible_to(actor).filter(lead__in=leads.values("pk")).order_by("pk")
    return {
        "leads": [plain_row(lead) for lead in leads],
        "deliveries": [{"at": row.created_at.isoformat(), "payload": row.payload} for row in attempts],
    }
