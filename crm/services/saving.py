"""Stores every row: lock, version, validation, history, event."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from crm.actors import Actor
from crm.database.inserts import insert_together
from crm.database.keys import parse_id
from crm.database.read_once import is_reading_once
from crm.database.updates import save_columns
from crm.database.write_behind import is_writing_behind
from crm.errors import Conflict, ConflictReason
from crm.models import Company
from crm.models.base import pick
from crm.models.history import HistoryKind
from crm.models.lifecycle import LiveModel
from crm.services import history, locking, record_events, stored_rows
from crm.services.history import Changes
from crm.services.locking import Columns
from crm.services.unique_places import check_unique

Row = TypeVar("Row", bound=models.Model)
Live = TypeVar("Live", bound=LiveModel)
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

BOOKKEEPING = frozenset({"id", "created_at", "updated_at", "version"})
#: More than the writers that ever take one place after another, such as the slugs of one name.
MOST_TRIES = 32


class Clash(Conflict):
    """A concurrent write took a unique place that was just found to be free."""

    def __init__(self) -> None:
        super().__init__(ConflictReason.EXISTS, "Another change was stored at the same time. Save again.")


def retried(service: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Run a service again if a concurrent write took a unique place: then it meets the row that has it.

    The service must begin anew with each call, in a transaction or savepoint of its own.
    """

    @wraps(service)
    def run(*args: Parameters.args, **options: Parameters.kwargs) -> Result:
        for _ in range(MOST_TRIES - 1):
            try:
                return service(*args, **options)
            except Clash:
                continue
        return service(*args, **options)

    return run


def in_transaction(service: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Run a service in a transaction or a savepoint of its own; within a batch in that which each row has."""

    @wraps(service)
    def run(*args: Parameters.args, **options: Parameters.kwargs) -> Result:
        if is_reading_once():
            return service(*args, **options)
        with transaction.atomic():
            return service(*args, **options)

    return run


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The result of a save: ``before`` holds the previous values of the columns that changed.

    ``changes`` is what the history says of them, and of what belongs to the row outside its columns.
    """

    created: bool
    before: Columns
    changes: Changes

    @property
    def changed(self) -> bool:
        return self.created or bool(self.before) or bool(self.changes)


def validate(instance: models.Model) -> None:
    """Check a row's fields, rules and uniqueness, but not its relations: services look those up in scope."""
    validate_columns(instance)
    check_unique(instance)


def validate_columns(instance: models.Model) -> None:
    """Check a row's fields and rules, but not its uniqueness."""
    instance.full_clean(
        exclude=relations_of(type(instance)), validate_unique=False, validate_constraints=False
    )


def insert(rows: Sequence[models.Model]) -> None:
    """Insert valid rows that were just found to be unique, in a savepoint.

    :raises Clash: if a concurrent write took one of their places; then none is inserted.
    """
    if not rows:
        return
    try:
        with transaction.atomic():
            insert_together(rows)
    except IntegrityError as clash:
        raise Clash from clash
    for row in rows:
        stored_rows.note(row, created=True)


@cache
def relations_of(model: type[models.Model]) -> frozenset[str]:
    """Return the names of the relations of a model, which services look up in scope and do not validate."""
    return frozenset(field.name for field in model._meta.concrete_fields if field.is_relation)


def store(
    instance: Row,
    *,
    actor: Actor,
    before: Columns | None = None,
    expected_version: int | None = None,
    relations: Changes | None = None,
    kind: HistoryKind = HistoryKind.UPDATED,
    referenced: Iterable[models.Model] = (),
    extra_rows: Callable[[Stored], Sequence[models.Model]] | None = None,
    is_valid: bool = False,
) -> Stored:
    """Validate a row, write what changed, and record it in the history and the event log of its kind.

    :param before: the columns as they are stored and locked; read and locked here if None.
    :param relations: changes outside the columns, such as tags.
    :param kind: the kind of the history entry of a changed row.
    :param referenced: rows that it refers to, so that the history need not look up their names.
    :param extra_rows: called when the row is valid and about to be written; may set more of its columns, and
        returns new rows to insert with it.
    :param is_valid: whether the caller has just validated the row.
    :raises Conflict: if the stored version is another.
    :raises Clash: if a concurrent write took a unique place.
    """
    try:
        if instance._state.adding:
            if not is_valid:
                validate(instance)
            stored = Stored(created=True, before={}, changes={})
            rows = _notes(instance, HistoryKind.CREATED, actor)
            rows += extra_rows(stored) if extra_rows is not None else []
            rows += record_events.row_of(instance, "created", actor=actor)
            if rows or is_writing_behind():
                insert_together([instance, *rows])
            else:
                instance.save(force_insert=True)
            stored_rows.note(instance, created=True)
            return stored
        before = locking.stored_values(instance, actor) if before is None else before
        _check_version(before, expected_version)
        if not is_valid:
            validate(instance)
        changed = _changed(instance, before)
        changes: Changes = {}
        if changed or relations:
            if history.is_recorded(instance):
                of_columns = history.changes_of(instance, changed, referenced=referenced)
                changes = {**of_columns, **(relations or {})}
            else:
                changes = relations or {}
            stored = Stored(created=False, before=changed, changes=changes)
            rows = _notes(instance, kind, actor, changes) if changes else []
            rows += extra_rows(stored) if extra_rows is not None else []
            bookkeeping = ["updated_at"]
            if "version" in before:
                instance.version = before["version"] + 1  # type: ignore[attr-defined]  # only where counted
                bookkeeping.append("version")
            save_columns(instance, {*_changed(instance, before), *bookkeeping})
            # After the row was written: its lock puts the events of one record in the order of the commits.
            rows += record_events.row_of(
                instance, "updated", actor=actor, before=changed, relations=relations or ()
            )
            insert_together(rows)
            stored_rows.note(instance, created=False, before=changed, changes=changes)
    except IntegrityError as clash:
        raise Clash from clash
    return Stored(created=False, before=changed, changes=changes)


def _check_version(before: Columns, expected: int | None) -> None:
    if expected is not None and before["version"] != expected:
        raise Conflict(
            ConflictReason.VERSION, "Somebody else changed this meanwhile.", current_version=before["version"]
        )


def _changed(instance: models.Model, before: Columns) -> dict[str, object]:
    return {
        name: value
        for name, value in before.items()
        if name not in BOOKKEEPING and _differ(getattr(instance, name), value)
    }


def _notes(
    instance: models.Model, kind: HistoryKind, actor: Actor, changes: Changes | None = None
) -> list[models.Model]:
    if not history.is_recorded(instance):
        return []
    return [history.entry(instance, kind, actor=actor, changes=changes)]


def _differ(one: object, other: object) -> bool:
    # To Python 1, 1.0 and True are equal; as values of a JSON document they are not.
    if isinstance(one, dict) and isinstance(other, dict):
        return json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True)
    return bool(one != other)


def soft_delete(
    instance: Live,
    *,
    actor: Actor,
    before: Columns | None = None,
    expected_version: int | None = None,
) -> None:
    """Mark a row as deleted, which hides it from every read."""
    before = locking.stored_values(instance, actor) if before is None else before
    _check_version(before, expected_version)
    instance.deleted_at = timezone.now()
    instance.version = before["version"] + 1
    save_columns(instance, {"deleted_at", "version", "updated_at"})
    insert_together(
        [
            *_notes(instance, HistoryKind.DELETED, actor),
            *record_events.row_of(instance, "deleted", actor=actor),
        ]
    )


def undelete(instance: LiveModel, *, actor: Actor, before: Columns | None = None) -> Changes:
    """Restore a deleted row; return the changes of other columns that this needed.

    :param before: the stored values of columns that may change with it, by attribute name.
    :raises ValidationError: if its unique place was taken meanwhile.
    """
    instance.deleted_at = None
    instance.version += 1
    validate(instance)
    instance.save()
    changed = {name: value for name, value in (before or {}).items() if getattr(instance, name) != value}
    changes = history.changes_of(instance, changed)
    insert_together(
        [
            *_notes(instance, HistoryKind.RESTORED, actor, changes),
            *record_events.row_of(instance, "restored", actor=actor),
        ]
    )
    return changes


def is_none_given(key: object) -> bool:
    """Return whether an optional reference names nothing: null, empty or 0."""
    return key is None or str(key).strip() in ("", "0")


def assign(instance: models.Model, values: Mapping[str, object], names: Iterable[str]) -> None:
    """Set the named fields that the values hold; an absent key leaves a field as it is."""
    for name in names:
        if name in values:
            setattr(instance, name, values[name])


def refuse_null(values: Mapping[str, object], names: Iterable[str]) -> None:
    """Refuse null for fields that cannot be empty."""
    cleared = [name for name in names if name in values and values[name] is None]
    if cleared:
        raise ValidationError({name: ["This field cannot be null."] for name in cleared})


def check_current_company(key: object, actor: Actor, *, argument: str = "company_id") -> None:
    """Refuse an input that names another company than the actor's.

    :raises NotFound: if it is another.
    """
    if not is_none_given(key) and parse_id(key) != actor.company_id:
        pick(Company.objects.filter(pk=actor.company_id), key, argument=argument)
