"""Fill columns that are computed from others in a migration: in batches, with a report of clashes."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from django.db import migrations, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ModelState, StateApps
from django.db.models import Model, UniqueConstraint

from crm.models.texts import NameKeyField, normalize_texts
from crm.texts import normalized, normalized_json

#: Rows that are read and written at once.
BATCH = 1000
#: Stands before the number of a row that clashes: no name key holds a control character.
CLASH = "\x1f"


class Backfill(migrations.RunPython):
    """Normalize the texts of all rows of a model, and compute its keys and other derived columns.

    Of rows that have the same name now, the oldest keeps the key; the others are reported with their ids and
    get keys of their own, until somebody renames them. Reversing does nothing.

    :param derive: sets the derived columns of a row.
    :param unique_within: columns within which a name key is unique; empty if it need not be.
    """

    def __init__(
        self,
        app: str,
        model: str,
        derive: Callable[[Any], None] = lambda _row: None,
        *,
        unique_within: Sequence[str] = (),
        joined: Sequence[str] = (),
        prefetched: Sequence[str] = (),
    ) -> None:
        def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
            rows = apps.get_model(app, model)._base_manager.using(editor.connection.alias)
            wanted = rows.select_related(*joined) if joined else rows.all()
            _fill(wanted.prefetch_related(*prefetched), derive, unique_within, editor.connection.alias)

        super().__init__(fill, migrations.RunPython.noop)
        self._model = app, model.lower()

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        # For a function Django renders all models: 40 % of the time that an empty database took to migrate.
        if _has_rows(from_state.models[self._model], schema_editor.connection):
            super().database_forwards(app_label, schema_editor, from_state, to_state)


def _has_rows(model: ModelState, connection: BaseDatabaseWrapper) -> bool:
    table = model.options.get("db_table") or f"{model.app_label}_{model.name_lower}"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(table)} LIMIT 1")  # noqa: S608  # a model's
        return cursor.fetchone() is not None


def _fill(rows: Any, derive: Callable[[Any], None], unique_within: Sequence[str], alias: str) -> None:
    holders: dict[tuple[Any, ...], Any] = {}
    for batch in _batches(rows):
        changed: dict[str, list[Any]] = {}
        for row in batch:
            before = dict(row.__dict__)
            _normalize(row)
            derive(row)
            if unique_within:
                _keep_unique(row, unique_within, holders)
            for column in _changed(row, before):
                changed.setdefault(column, []).append(row)
        if changed:
            with transaction.atomic(using=alias):
                for column, differing in changed.items():
                    rows.model._base_manager.using(alias).bulk_update(differing, [column])


def _batches(rows: Any) -> Iterator[list[Any]]:
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk


def _normalize(row: Any) -> None:
    before = dict(row.__dict__)
    normalize_texts(row)
    model: type[Model] = type(row)
    unique = _unique_columns(model)
    for field in row._meta.concrete_fields:
        was = before.get(field.attname)
        # What integrations find the row by, such as a slug, stays as they know it.
        if field.attname in unique and not isinstance(field, NameKeyField):
            setattr(row, field.attname, was)
        elif was and getattr(row, field.attname) == "" and not field.blank:
            setattr(row, field.attname, was)
            sys.stderr.write(f"{row._meta.label} {row.pk}: {field.name} {was!r} shows nothing: change it.\n")
    if "custom_fields" in row.__dict__:
        row.custom_fields = _normalized_fields(row)


@cache
def _unique_columns(model: type[Model]) -> frozenset[str]:
    alone = {field.attname for field in model._meta.concrete_fields if field.unique}
    together = [each.fields for each in model._meta.constraints if isinstance(each, UniqueConstraint)]
    return frozenset(alone.union(*together))


def _normalized_fields(row: Any) -> dict[str, Any]:
    """Return the custom fields of a row in NFC; of names that become one, each keeps its value."""
    fields: dict[str, Any] = {}
    # Names that are in NFC already stay as they are.
    for name, value in sorted(row.custom_fields.items(), key=lambda item: item[0] != normalized(item[0])):
        own, number = normalized(name), 1
        while own in fields:
            number += 1
            own = f"{normalized(name)} ({number})"
        if number > 1:
            sys.stderr.write(
                f"{row._meta.label} {row.pk} has two custom fields {normalized(name)!r}: "
                f"the second is called {own!r} now.\n"
            )
        fields[own] = normalized_json(value)
    return fields


def _keep_unique(row: Any, unique_within: Sequence[str], holders: dict[tuple[Any, ...], Any]) -> None:
    place = (*(getattr(row, column) for column in unique_within), row.name_key)
    holder = holders.setdefault(place, row)
    if holder is not row:
        sys.stderr.write(
            f"{row._meta.label} {row.pk} {row.name!r} has the same name as {holder.pk} {holder.name!r}: "
            "rename or delete one of them.\n"
        )
        row.name_key = f"{row.name_key[:200]}{CLASH}{row.pk}"


def _changed(row: Any, before: dict[str, Any]) -> list[str]:
    return [
        field.attname
        for field in row._meta.concrete_fields
        if _stored(getattr(row, field.attname)) != _stored(before.get(field.attname))
    ]


def _stored(value: Any) -> Any:
    # Equal objects whose names come in another order are the same to a database.
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value
