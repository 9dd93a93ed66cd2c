"""Receivers of signals: what people and organizations do when a region changes, or others are merged."""

from typing import Any

from django.dispatch import receiver

from crm.actors import Actor
from crm.models import Activity, Company
from crm.services import record_events
from crm.services.versions import count_versions
from crm.signals import region_changed
from people.models import Contact, ContactKind, Employment, Organization, Person
from people.services.moved_rows import MovedRows
from people.services.person_organizations import Link
from people.signals import rows_moved

#: Rows that are read and written at once.
BATCH = 500
PHONES = (ContactKind.PHONE, ContactKind.CELLPHONE)


@receiver(region_changed)
def spell_phones_anew(*, company: Company, **_: Any) -> None:
    """Recompute canonical phones and search texts of a company: national numbers depend on its region."""
    contacts = Contact.objects.filter(company=company, type__kind__in=PHONES).exclude(value__startswith="+")
    keys = list(contacts.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        changed = []
        for contact in Contact.objects.filter(pk__in=keys[start : start + BATCH]).select_related("type"):
            before = contact.canonical, contact.dialled
            contact.set_canonical(company.region)
            if (contact.canonical, contact.dialled) != before:
                changed.append(contact)
        Contact.objects.bulk_update(changed, ["canonical", "dialled"])
        _index({contact.person_id for contact in changed})


def _index(person_ids: set[int]) -> None:
    people = Person._base_manager.filter(pk__in=person_ids).prefetch_related("contacts__type")
    for person in people:
        contacts = sorted(person.contacts.all(), key=lambda contact: (contact.weight, contact.pk))
        person.index_for_search(spelling for contact in contacts for spelling in contact.spellings)
    Person._base_manager.bulk_update(people, ["search_text"])


@receiver(rows_moved, sender=Person)
def follow_merged_people(merge: MovedRows, actor: Actor, **_: Any) -> None:
    """Count a new version of the organizations whose people were merged."""
    changes = merge.changes_through(Link, "person_id", "organization_id")
    count_versions(Organization, {key: {"people": names} for key, names in changes.items()}, actor=actor)


@receiver(rows_moved, sender=Organization)
def follow_merged_organizations(merge: MovedRows, actor: Actor, **_: Any) -> None:
    """Count a new version of the people whose organizations, or employers, were merged."""
    changes: dict[int, dict[str, list[list[str]]]] = {}
    for name, model in (("organizations", Link), ("employment_history", Employment)):
        for key, names in merge.changes_through(model, "organization_id", "person_id").items():
            changes.setdefault(key, {})[name] = names
    count_versions(Person, changes, actor=actor)


@receiver(rows_moved)
def emit_moved_activities(merge: MovedRows, actor: Actor, **_: Any) -> None:
    """Emit an event of each live activity that belongs to another record now."""
    keys = [pk for move in merge.moves if move.relation.model is Activity for pk in move.rows]
    if keys:
        live = Activity.objects.visible_to(actor).filter(pk__in=keys).order_by("pk")
        rows = [(pk, ("record",)) for pk in live.values_list("pk", flat=True)]
        record_events.emit_updated(rows, Activity, actor=actor)
