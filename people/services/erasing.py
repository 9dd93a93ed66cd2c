"""Erase a person everywhere, and return all that is held about one."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model, Q, QuerySet

from crm.actors import Action, Actor
from crm.models import Activity, AuditEvent, HistoryEntry, SocialChannel, User
from crm.services import audit, history, locking, record_events
from crm.services.erasing import Erasure, erase_mentions, erase_records, identifiers_of
from people.models import Address, Contact, Employment, Merge, Organization, Person
from people.signals import person_erased, person_reported


@transaction.atomic
def erase_person(key: object, *, actor: Actor) -> Mapping[str, int]:
    """Remove a person, with those merged into them, from every table and stored file of the company.

    Leads stay for the reports, without whatever they said of the person. A deleted person can be erased too.
    It cannot be undone.

    :return: how many rows and files were removed or emptied, by what they are.
    """
    actor.require(Action.ERASE)
    person = locking.lock_deleted(Person.objects.all(), actor, key)
    people = _with_merged(person)
    keys = [each.pk for each in people]
    erasure = Erasure(actor=actor, identifiers=_identifiers(people))
    person_erased.send(sender=Person, people=people, erasure=erasure)
    # Subscribers learn that the person is gone; the event says nothing more.
    erase_records(erasure, Person, "people", keys)
    if person.deleted_at is None:
        record_events.emit(person, "deleted", actor=actor)
    merges = Merge.objects.filter(company_id=actor.company_id, model=Person.entity_kind)
    erasure.remove(merges.filter(winner_id__in=keys))
    erase_mentions(erasure)
    # Those that name them, and journals of merges of organizations that moved their links.
    erasure.remove(erasure.naming(Merge.objects.filter(company_id=actor.company_id), "journal"))
    organizations = Organization._base_manager.filter(people__in=keys)
    erasure.count_versions(
        Organization._base_manager.filter(pk__in=list(organizations.values_list("pk", flat=True)))
    )
    for model in (Contact, Address, Employment):
        erasure.remove(model._base_manager.filter(person__in=keys))
    Person._base_manager.filter(merged_into__in=keys).update(merged_into=None)
    erasure.remove(Person._base_manager.filter(pk__in=keys), "people removed")
    counts = dict(sorted(erasure.counts.items()))
    user = User.objects.filter(pk=actor.user_id).first()
    audit.record(AuditEvent.ERASURE, user=user, company=actor.company_id, detail=f"person {person.pk}")
    return counts


def _with_merged(person: Person) -> list[Person]:
    """Return a person and all who were merged into them."""
    people, found = [person], [person.pk]
    while found:
        merged = list(Person._base_manager.filter(merged_into__in=found).order_by("pk"))
        people += merged
        found = [each.pk for each in merged]
    return people


def _identifiers(people: Iterable[Person]) -> frozenset[str]:
    """Return the texts by which people are known: names of several words, e-mail addresses and phones."""
    texts: list[str | None] = []
    for person in people:
        texts += [person.email, person.email_canonical]
        # One word is the name of many.
        texts += [name for name in (person.name, str(person)) if name and " " in name.strip()]
        contacts = Contact._base_manager.filter(person=person)
        for values in contacts.values_list("value", "canonical", "dialled"):
            texts += values
    return identifiers_of(texts)


def report_person(key: object, *, actor: Actor) -> dict[str, Any]:
    """Return everything that is held about a visible person, in plain JSON."""
    actor.require(Action.READ)
    person = Person.objects.find(actor, key)
    about = {"content_type": ContentType.objects.get_for_model(Person), "object_id": person.pk}
    taking_part = Q(**about) | Q(people_participants=person)
    parts: dict[str, QuerySet[Any]] = {
        "contacts": Contact.objects.visible_to(actor).filter(person=person),
        "addresses": Address.objects.visible_to(actor).filter(person=person),
        "positions": Employment.objects.visible_to(actor).filter(person=person),
        "activities": Activity.objects.visible_to(actor).filter(taking_part).distinct(),
        "history": HistoryEntry.objects.visible_to(actor).filter(**about),
        "channels": SocialChannel.objects.visible_to(actor).filter(**about),
    }
    report: dict[str, Any] = {"person": plain_row(person)}
    report |= {name: [plain_row(row) for row in rows.order_by("pk")] for name, rows in parts.items()}
    report["organizations"] = [
        plain_row(row) for row in person.organizations.filter(deleted_at=None).order_by("pk")
    ]
    report["tags"] = sorted(person.tags.values_list("name", flat=True))
    report["files"] = [link.file.name for link in person.file_links.select_related("file").order_by("pk")]
    for _, more in person_reported.send(sender=Person, person=person, actor=actor):
        report.update(more)  # type: ignore[arg-type]  # the stubs take answers of receivers for texts
    return report


def plain_row(row: Model) -> dict[str, Any]:
    """Return the columns of a row in plain JSON, without those that only search."""
    hidden = {"search_text", *getattr(row, "derived_columns", ())}
    return {
        name: history.plain(value)
        for name, value in locking.column_values(row).items()
        if name not in hidden and value is not None
    }
