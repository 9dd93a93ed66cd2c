"""Merge people, or organizations, that are the same: plan and carry out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from crm.actors import Action, Actor
from crm.caps import ADDRESSES, CONTACTS, CUSTOM_FIELDS, ORGANIZATIONS, POSITIONS, TAGS, Cap
from crm.errors import Conflict, ConflictReason, NotFound
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from crm.models.history import HistoryKind
from crm.services import history, locking, record_events, saving
from people.models import ORGANIZATION_TEXTS, PERSON_TEXTS, Address, Contact, Merge, Organization, Person
from people.services.merge_moves import Move, Plan, plan_moves
from people.services.moved_rows import MovedRows
from people.signals import rows_moved

Record = TypeVar("Record", Person, Organization)

MOST_MERGED = 25
#: Columns that are filled from the losers where the winner has no value.
FILLED: dict[type[Model], tuple[str, ...]] = {
    Person: (*PERSON_TEXTS, "dob", "do_not_contact", *EXTERNAL_ID_COLUMNS),
    Organization: (*(name for name in ORGANIZATION_TEXTS if name != "name"), *EXTERNAL_ID_COLUMNS),
}

#: Caps on what a winner ends with, by the name of the relation.
CAPS: dict[str, Cap] = {
    "people.contact.person_id": CONTACTS,
    "people.address.person_id": ADDRESSES,
    "people.employment.person_id": POSITIONS,
    "people.person_organizations.person_id": ORGANIZATIONS,
    "people.person_tags.person_id": TAGS,
    "people.organization_tags.organization_id": TAGS,
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One field of a merge: the winner's value, the losers' in their order, and the result."""

    field: str
    winner: Any
    duplicates: list[Any]
    outcome: Any


@dataclass(kw_only=True)
class MergePlan:
    """Everything that a merge will do."""

    winner: Any
    losers: Sequence[Any]
    relations: list[Plan]
    fields: list[Outcome] = field(default_factory=list)

    @property
    def filled(self) -> dict[str, Any]:
        """The columns of the winner that are filled, with their new values."""
        columns = FILLED[type(self.winner)]
        return {
            row.field: row.outcome
            for row in self.fields
            if row.field in columns and row.outcome != row.winner
        }

    @property
    def added_custom_fields(self) -> dict[str, Any]:
        """The custom fields that the winner takes from the losers; the first loser wins."""
        own = self.winner.custom_fields
        return {
            name: value
            for loser in reversed(self.losers)
            for name, value in loser.custom_fields.items()
            if name not in own
        }

    @property
    def moves(self) -> list[Move]:
        return [move for plan in self.relations for move in plan.moves]


def plan_merge(winner: Any, losers: Sequence[Any], *, lock: bool = False) -> MergePlan:
    plan = MergePlan(winner=winner, losers=losers, relations=plan_moves(winner, losers, lock=lock))
    _check_caps(plan)
    columns = FILLED[type(winner)]
    if type(winner) is Organization:
        # Listed for the preview only: a name is never empty.
        columns = ("name", *columns)
    for name in columns:
        own, theirs = getattr(winner, name), [getattr(loser, name) for loser in losers]
        # Whoever asked one time not to be contacted has asked.
        given = (value for value in (own, *theirs) if value not in (None, "", False))
        outcome = next(given, False if own is False else None)
        plan.fields.append(Outcome(field=name, winner=own, duplicates=theirs, outcome=outcome))
    added = plan.added_custom_fields
    for name in sorted({*winner.custom_fields, *added}):
        plan.fields.append(
            Outcome(
                field=f"custom_fields.{name}",
                winner=winner.custom_fields.get(name),
                duplicates=[loser.custom_fields.get(name) for loser in losers],
                outcome=winner.custom_fields[name] if name in winner.custom_fields else added[name],
            )
        )
    return plan


def _check_caps(plan: MergePlan) -> None:
    """Refuse a merge, and its preview, of which the winner would hold more than a cap allows."""
    for each in plan.relations:
        cap = CAPS.get(each.relation.name)
        if cap is not None:
            cap.check(before=len(each.kept) - each.moved, after=len(each.kept), field="duplicates_id")
    own, added = len(plan.winner.custom_fields), len(plan.added_custom_fields)
    CUSTOM_FIELDS.check(before=own, after=own + added, field="duplicates_id")


def named_records(
    model: type[Record], key: object, duplicate_keys: Sequence[object], actor: Actor
) -> list[Record]:
    """Return the visible winner and those to merge into it, as they are named."""
    if not 1 <= len(duplicate_keys) <= MOST_MERGED:
        raise ValidationError({"duplicates_id": [f"Name 1 to {MOST_MERGED} others to merge."]})
    rows: Any = model._default_manager
    named: list[Record] = [rows.find(actor, key)]
    for index, other in enumerate(duplicate_keys):
        named.append(rows.find(actor, other, argument=f"duplicates_id.{index}"))
    if len({record.pk for record in named}) < len(named):
        raise ValidationError({"duplicates_id": ["A record is not merged with itself; name each once."]})
    return named


def _locked(model: type[Record], key: object, duplicate_keys: Sequence[object], actor: Actor) -> list[Record]:
    keys = [record.pk for record in named_records(model, key, duplicate_keys, actor)]
    rows: Any = model._default_manager
    # In the order of ids, so that two merges never deadlock. FOR NO KEY UPDATE does not block new rows that
    # only refer to the records.
    locked = rows.visible_to(actor).filter(pk__in=keys).order_by("pk")
    found = {record.pk: record for record in locked.select_for_update(of=("self",), no_key=True)}
    for index, pk in enumerate(keys):
        if pk not in found:
            # Deleted or merged between reading and locking.
            raise NotFound(f"duplicates_id.{index - 1}" if index else "id")
    return [found[pk] for pk in keys]


@transaction.atomic
def merge(
    model: type[Record],
    key: object,
    duplicate_keys: Sequence[object],
    *,
    actor: Actor,
    expected_version: int | None = None,
) -> tuple[Record, Merge]:
    """Merge records into a winner: move everything that refers to the losers, and delete them softly.

    The winner keeps its values and takes missing ones from the losers, in their order. Leads are moved even
    if the actor does not see them, since they belong to the same person.
    """
    actor.require(Action.CHANGE_PEOPLE)
    winner, *losers = _locked(model, key, duplicate_keys, actor)
    before = locking.column_values(winner)
    if expected_version is not None and before["version"] != expected_version:
        raise Conflict(
            ConflictReason.VERSION, "Somebody else changed this meanwhile.", current_version=before["version"]
        )
    plan = plan_merge(winner, losers, lock=True)
    journal = _journal(plan)
    for relation in plan.relations:
        _keep_one_default(relation, journal)
        relation.write()
    # Before the winner takes an external id over: only one live record may have it.
    for loser in losers:
        _mark_merged(loser, winner)
    _fill(plan, before, actor)
    # The event of the winner goes first: with it clients know where the others have gone.
    for loser in losers:
        _tell_merged(loser, winner, actor)
    done = Merge.objects.create(
        company_id=actor.company_id,
        model=model.entity_kind,
        winner_id=winner.pk,
        losers=[loser.pk for loser in losers],
        journal=journal,
        user_id=actor.user_id,
        door=actor.door.value,
    )
    moved = MovedRows(
        moves=plan.moves,
        dropped=[row for relation in plan.relations for row in relation.dropped],
        records={record.pk: record for record in (winner, *losers)},
    )
    rows_moved.send(sender=model, merge=moved, actor=actor)
    return winner, done


def _journal(plan: MergePlan) -> dict[str, Any]:
    """Return in plain JSON what undoing the merge row by row needs."""
    return {
        "moved": [
            {"relation": move.relation.name, "from": move.old.pk, "rows": list(move.rows)}
            for move in plan.moves
        ],
        "dropped": [
            {"model": row._meta.label_lower, "values": _plain_values(row)}
            for relation in plan.relations
            for row in relation.dropped
        ],
        "changed": [],
        "filled": {
            name: [history.plain(getattr(plan.winner, name)), history.plain(value)]
            for name, value in plan.filled.items()
        },
        "custom_fields": plan.added_custom_fields,
    }


def _plain_values(row: Model) -> dict[str, Any]:
    return {name: history.plain(value) for name, value in locking.column_values(row).items()}


def _keep_one_default(plan: Plan, journal: dict[str, Any]) -> None:
    """Keep the first of several default addresses as the default."""
    if plan.relation.model is not Address:
        return
    rows: list[Any] = plan.kept
    surplus = [row for row in rows if row.is_default][1:]
    Address.objects.filter(pk__in=[row.pk for row in surplus]).update(is_default=False)
    journal["changed"] += [
        {"model": "people.address", "id": row.pk, "column": "is_default", "values": [True, False]}
        for row in surplus
    ]


def _fill(plan: MergePlan, before: locking.Columns, actor: Actor) -> None:
    winner = plan.winner
    added = plan.added_custom_fields
    for name, value in plan.filled.items():
        setattr(winner, name, value)
    winner.set_stored_custom_fields({**winner.custom_fields, **added})
    make_findable(winner)
    merged = [{"id": str(loser.pk), "name": str(loser)} for loser in plan.losers]
    saving.store(
        winner, actor=actor, before=before, relations={"merged": [[], merged]}, kind=HistoryKind.MERGED
    )


def make_findable(record: Person | Organization) -> None:
    """Update the search text of a record whose contacts were moved."""
    if isinstance(record, Person):
        # clean() builds the name from its parts.
        record.clean()
        contacts = Contact.objects.filter(person=record).select_related("type").order_by("weight", "pk")
        record.index_for_search(spelling for contact in contacts for spelling in contact.spellings)


def _mark_merged(loser: Any, winner: Any) -> None:
    loser.merged_into = winner
    loser.deleted_at = timezone.now()
    loser.version += 1
    loser.save(update_fields=["merged_into", "deleted_at", "version", "updated_at"])


def _tell_merged(loser: Any, winner: Any, actor: Actor) -> None:
    into = {"id": str(winner.pk), "name": str(winner)}
    history.record(loser, HistoryKind.MERGED, actor=actor, changes={"merged_into": [None, into]})
    record_events.emit(loser, "merged", actor=actor, winner_id=winner.pk)
