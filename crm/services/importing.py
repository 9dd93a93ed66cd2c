"""Store one record of an import, of any kind; the policy decides about one that exists."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from django.db import models, transaction

from crm.actors import Actor
from crm.database.read_once import is_reading_once
from crm.errors import Conflict, ConflictReason
from crm.models.base import visible_rows
from crm.models.imports import DuplicatePolicy, RowAction
from crm.models.lifecycle import LiveModel
from crm.models.records import Record
from crm.records.row_import import Imported
from crm.services import imported, locking
from crm.texts import name_key

#: The key of a record that an equal row of the same source has made.
SAME_ROW = "ROW"
NOTHING: Mapping[str, Any] = {}


def import_record(
    values: Any,
    *,
    model: type[LiveModel],
    policy: DuplicatePolicy,
    actor: Actor,
    match: Callable[[Any], tuple[Any, str] | None],
    create: Callable[[Any], Any],
    update: Callable[[Any, Any], tuple[Any, Mapping[str, Any]]],
    only_missing: Callable[[Any, Any], Any],
    new_values: Callable[[Any, Any], Mapping[str, Any]],
    known: int | None = None,
) -> Imported:
    """Create the record that the values mean, change it, or leave it, as the policy says.

    :param match: returns the record that exists, and by what it was found.
    :param create: takes values without an id.
    :param update: takes a record and values; returns the record, and its lists before. The note of the values
        is written by this function, for each kind alike.
    :param only_missing: returns those of the values that the record has none of.
    :param new_values: returns the values without those that the record surely has.
    :param known: see ``RowImport.store``.
    :raises Conflict: if the record exists and the policy refuses that.
    """
    if policy == DuplicatePolicy.CREATE:
        return _created(values, create, actor)
    # Without a savepoint: a row that is refused is undone by whoever imports it, such as a batch.
    with nullcontext() if is_reading_once() else transaction.atomic(savepoint=False):
        locking.lock_company(actor.company_id)
        return _import_matched(
            values,
            (model, policy, actor, known),
            match=match,
            create=create,
            update=update,
            only_missing=only_missing,
            new_values=new_values,
        )


def _import_matched(
    values: Any,
    given: tuple[type[LiveModel], DuplicatePolicy, Actor, int | None],
    *,
    match: Callable[[Any], tuple[Any, str] | None],
    create: Callable[[Any], Any],
    update: Callable[[Any, Any], tuple[Any, Mapping[str, Any]]],
    only_missing: Callable[[Any, Any], Any],
    new_values: Callable[[Any, Any], Mapping[str, Any]],
) -> Imported:
    model, policy, actor, known = given
    found = match(values)
    if found is None and known is not None:
        same = visible_rows(model, actor).filter(pk=known).first()
        found = None if same is None else (same, SAME_ROW)
    if found is None:
        new = {name: value for name, value in values.items() if name != "id"}
        return _created(new, create, actor)
    record, key = found
    version = record.version
    if policy == DuplicatePolicy.ERROR:
        raise Conflict(ConflictReason.EXISTS, "This record exists already.", ids=[str(record.pk)])
    if policy == DuplicatePolicy.SKIP:
        return Imported(action=RowAction.SKIP, record=record, key=key, version_before=version)
    if key == SAME_ROW:
        return Imported(action=RowAction.UNCHANGED, record=record, key=key, version_before=version)
    if policy == DuplicatePolicy.FILL:
        values = only_missing(record, values)
    rest = new_values(record, values)
    changed, lists = update(record, rest) if rest else (record, NOTHING)
    # A note makes no new version of its record.
    is_noted = not imported.has_noted(record, values) and imported.write_note(changed, values, actor=actor)
    is_updated = is_noted or changed.version != version
    return Imported(
        action=RowAction.UPDATE if is_updated else RowAction.UNCHANGED,
        record=changed,
        key=key,
        version_before=version,
        lists=lists,
    )


def _created(values: Any, create: Callable[[Any], Any], actor: Actor) -> Imported:
    record = create(values)
    imported.write_note(record, values, actor=actor, is_new=True)
    return Imported(action=RowAction.CREATE, record=record)


def only_missing_columns(
    record: LiveModel, values: Mapping[str, Any], *, columns: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values without the columns and custom fields that a record has a value of.

    :param columns: the attributes of the keys of the input that are called otherwise.
    """
    own = {name: name for field in record._meta.concrete_fields for name in (field.name, field.attname)}
    own.pop("custom_fields", None)
    own |= columns
    missing = {
        name: value for name, value in values.items() if name not in own or _is_missing(record, own[name])
    }
    if isinstance(record, Record) and missing.get("custom_fields"):
        stored = {name_key(name) for name in record.custom_fields}
        missing["custom_fields"] = [
            item for item in missing["custom_fields"] if name_key(item["name"]) not in stored
        ]
    return missing


def _is_missing(record: LiveModel, attribute: str) -> bool:
    value = getattr(record, attribute)
    # No is what is not known yet, such as whether somebody asked not to be contacted.
    return value is None or value is False or value == ""


@transaction.atomic
def restore_record(
    model: type[Record],
    key: int,
    columns: Mapping[str, Any],
    lists: Mapping[str, Any],
    *,
    actor: Actor,
    expected_version: int | None,
    save: Callable[..., Any],
) -> int:
    """Restore the previous columns and lists of a record; return its new version.

    :param save: the service that stores an instance changed in memory.
    :raises Conflict: if the version is another.
    """
    record: Any = locking.lock(model, actor, key)
    fields: dict[str, models.Field[Any, Any]] = {
        field.attname: field for field in model._meta.concrete_fields
    }
    before = locking.column_values(record)
    for name, value in columns.items():
        if name in fields and name not in model.derived_columns:
            setattr(record, name, fields[name].to_python(value))
    saved = save(record, values=lists, before=before, expected_version=expected_version, actor=actor)
    version: int = saved.version
    return version
