"""Read the fields of people, organizations and leads, apart from those of other records."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Model

from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from crm.models.records import Record
from leads.models import Lead, LeadFollower, LeadParticipant, LeadPerson
from leads.models.lead import LeadFile
from people.models import Address, Contact, Employment, Organization, Person
from people.models.organizations import OrganizationFile
from people.models.person import PersonFile

#: Returns the parts of every record of a model, by the record's key.
Parts = Callable[[], Mapping[int, list[Any]]]
BOOKKEEPING = {"version": "counts the changes", "updated_at": "says when the last one was"}
#: Fields that a version does not cover, each with the reason.
OF_OTHERS: dict[type[Record], dict[str, str]] = {
    Person: {
        **BOOKKEEPING,
        "activities": "notes and tasks are records with versions of their own",
        "next_activity": "as activities",
        "latest_activity": "as activities",
        "duplicates": "computed from the other people of the company",
    },
    Organization: {
        **BOOKKEEPING,
        "activities": "notes and tasks are records with versions of their own",
        "next_activity": "as activities",
        "latest_activity": "as activities",
        "duplicates": "computed from the other organizations of the company",
    },
    Lead: {
        **BOOKKEEPING,
        "activities": "notes and tasks are records with versions of their own",
        "next_activity": "as activities",
        "latest_activity": "as activities",
        "channels": "channels and messages are rows of their own; no form of the lead holds them",
        "last_activity": "follows from notes, tasks and messages: nobody's form is out of date for a message",
        "last_activity_at": "as last_activity",
        "duplicates": "computed from the other leads of the company",
        "days_in_stage": "computed from stage_changed_at and the time of reading",
        "is_rotting": "computed from last_activity_at and the time of reading",
        "rotting_reason": "as is_rotting",
        "routing_log": "rows of their own, written when a delivery is routed and never changed",
        "stage_history": "visits follow from stage, which is covered",
    },
}


def _rows(model: Any, owner: str, *columns: str) -> Parts:
    def read() -> Mapping[int, list[Any]]:
        found: dict[int, list[Any]] = defaultdict(list)
        rows = model._base_manager.order_by("pk").values_list(owner, "pk", *columns)
        for key, *row in rows:
            found[key].append(tuple(row))
        return found

    return read


def _links(model: type[Model], owner: str, other: str) -> Parts:
    """Read links as the keys of the other side: a link that is made anew to the same row is the same."""

    def read() -> Mapping[int, list[Any]]:
        found: dict[int, list[Any]] = defaultdict(list)
        for key, linked in model._base_manager.order_by(other).values_list(owner, other):
            found[key].append(linked)
        return found

    return read


_MEMBERSHIP: Any = Person.organizations.through
_EMPLOYMENT = ("organization_id", "position", "income", "income_type", "start_date", "end_date", "status")
_ADDRESS = ("address", "address_2", "city", "county", "state", "zip", "country", "is_default")
#: The columns or parts behind each other field.
OWN: dict[type[Record], dict[str, str | Parts]] = {
    Person: {
        **{name: name for name in ("id", "uuid", "name", "firstname", "middlename", "lastname", "email")},
        **{
            name: name
            for name in ("dob", "do_not_contact", "created_at", "custom_fields", *EXTERNAL_ID_COLUMNS)
        },
        "company": "company_id",
        "user": "user_id",
        "contacts": _rows(Contact, "person_id", "type_id", "value", "weight"),
        "address": _rows(Address, "person_id", *_ADDRESS),
        "employment_history": _rows(Employment, "person_id", *_EMPLOYMENT),
        "organizations": _links(_MEMBERSHIP, "person_id", "organization_id"),
        "tags": _links(Person.tags.through, "person_id", "tag_id"),
        "files": _rows(PersonFile, "person_id", "file_id", "field_name"),
    },
    Organization: {
        **{name: name for name in ("id", "uuid", "name", "email", "address", "city", "state", "zip")},
        **{name: name for name in ("country", "created_at", "custom_fields", *EXTERNAL_ID_COLUMNS)},
        "company": "company_id",
        "user": "user_id",
        # The number follows from the links; deleted people keep theirs.
        "people_count": _links(_MEMBERSHIP, "organization_id", "person_id"),
        "tags": _links(Organization.tags.through, "organization_id", "tag_id"),
        "files": _rows(OrganizationFile, "organization_id", "file_id", "field_name"),
    },
    Lead: {
        **{name: name for name in ("id", "uuid", "title", "description", "firstname", "lastname", "email")},
        **{name: name for name in ("phone", "stage_changed_at", "closed_at", "created_at", "reason_lost")},
        **{name: name for name in ("custom_fields", "amount", "currency", "expected_close_on")},
        **{name: name for name in EXTERNAL_ID_COLUMNS},
        # Of its own: without one the answer is the stage's, as its name is.
        "probability": "probability",
        **{name: f"{name}_id" for name in ("company", "user", "organization", "owner", "receiver", "status")},
        **{name: f"{name}_id" for name in ("type", "source", "lost_reason", "pipeline", "stage")},
        "people": "person_id",
        "participants": _links(LeadParticipant, "lead_id", "user_id"),
        "followers": _links(LeadFollower, "lead_id", "user_id"),
        "people_participants": _rows(LeadPerson, "lead_id", "person_id", "relationship_id"),
        "tags": _links(Lead.tags.through, "lead_id", "tag_id"),
        "files": _rows(LeadFile, "lead_id", "file_id", "field_name"),
    },
}

#: Of each live record by model and key: what it answers by field, and version and time of the last change.
Answers = dict[tuple[str, int], tuple[dict[str, Any], int, Any]]


def read_answers() -> Answers:
    """Read what every live record answers of its own."""
    answers: Answers = {}
    for model, fields in OWN.items():
        columns = {name: source for name, source in fields.items() if isinstance(source, str)}
        parts = {name: source() for name, source in fields.items() if not isinstance(source, str)}
        for record in model._base_manager.filter(deleted_at=None):
            answer = {name: getattr(record, column) for name, column in columns.items()}
            answer |= {name: rows.get(record.pk, []) for name, rows in parts.items()}
            key = model.__name__, record.pk
            answers[key] = answer, record.version, record.updated_at
    return answers


def wrong_versions(before: Answers, after: Answers) -> list[str]:
    """Return each record whose answer and version disagree on whether it changed."""
    wrong = []
    for key in before.keys() & after.keys():
        (old, old_version, old_time), (new, new_version, new_time) = before[key], after[key]
        fields = sorted(name for name in old if old[name] != new[name])
        name = " ".join(map(str, key))
        if fields and (new_version <= old_version or new_time <= old_time):
            wrong.append(f"{name} answers other {', '.join(fields)} under the same version")
        if not fields and new_version != old_version:
            wrong.append(f"{name} has a new version without a change")
        if not fields and new_time != old_time:
            wrong.append(f"{name} has a new time without a change")
    return sorted(wrong)
