"""Insert new rows of several models that belong together: on PostgreSQL by one statement."""

from collections.abc import Iterator, Sequence
from functools import cache

from django.db import connection
from django.db.models import Field, Model
from django.db.models.signals import post_save, pre_save

from crm.database import write_behind
from crm.database.statements import Parameter, Sql, Statement, as_text

#: A column that refers to a row of the same call, and the position of that row's group.
Reference = tuple[str, int]
#: The rows that one INSERT writes, and their references.
Group = tuple[list[Model], tuple[Reference, ...]]
#: What the statement of a group depends on: the model, the references, and the number of rows.
Shape = tuple[type[Model], tuple[Reference, ...], int]


def insert_together(rows: Sequence[Model]) -> None:
    """Insert rows, each of which may refer to earlier ones, and set their keys.

    Consecutive rows of one model that refer to none of the others share an INSERT. ``pre_save`` and
    ``post_save`` are sent for all rows at once: in ``pre_save`` references to new rows have no key yet.
    """
    alias = connection.alias
    for row in rows:
        pre_save.send(type(row), instance=row, raw=False, using=alias, update_fields=None)
    kept = write_behind.current()
    if kept is not None:
        _keep(rows, kept)
    elif connection.vendor == "postgresql" and rows:
        _insert_at_once(_grouped(rows))
    else:
        _insert_in_turn(_grouped(rows))
    for row in rows:
        post_save.send(type(row), instance=row, created=True, raw=False, using=alias, update_fields=None)


def insert_all(rows: Sequence[Model]) -> None:
    """Insert rows of one model that refer to none of each other, and set their keys."""
    kept = write_behind.current()
    if kept is not None:
        for row in rows:
            kept.add(row)
    elif rows:
        type(rows[0])._base_manager.bulk_create(rows)


def _keep(rows: Sequence[Model], kept: write_behind.WriteBehind) -> None:
    if len(rows) == 1:
        kept.add(rows[0])
        return
    new = {id(row) for row in rows}
    for row in rows:
        for name, column in _relations(type(row)):
            related = row._state.fields_cache.get(name)
            if related is not None and id(related) in new:
                row.__dict__[column] = related.pk
        kept.add(row)


def _grouped(rows: Sequence[Model]) -> list[Group]:
    groups: list[Group] = []
    positions: dict[int, int] = {}
    for row in rows:
        references = tuple(_references(row, positions))
        if groups and not references and not groups[-1][1] and type(groups[-1][0][0]) is type(row):
            groups[-1][0].append(row)
        else:
            groups.append(([row], references))
        positions[id(row)] = len(groups) - 1
    return groups


def _references(row: Model, positions: dict[int, int]) -> Iterator[Reference]:
    for name, column in _relations(type(row)):
        position = positions.get(id(row._state.fields_cache.get(name)))
        if position is not None:
            yield column, position


@cache
def _relations(model: type[Model]) -> tuple[tuple[str, str], ...]:
    """Return the names under which a model caches related rows, each with the column of the key."""
    keys = [(field.name, field.attname) for field in model._meta.concrete_fields if field.is_relation]
    # Generic foreign keys: Django has no common base class for the fields without a column.
    generic = [
        (field.name, field.fk_field) for field in model._meta.private_fields if hasattr(field, "fk_field")
    ]
    return (*keys, *generic, *getattr(model, "linked_rows", ()))


def _insert_in_turn(groups: list[Group]) -> None:
    for rows, references in groups:
        for row in rows:
            for name, position in references:
                row.__dict__[name] = groups[position][0][0].pk
        type(rows[0])._base_manager.bulk_create(rows)


def _insert_at_once(groups: list[Group]) -> None:
    shapes = tuple((type(rows[0]), references, len(rows)) for rows, references in groups)
    values: dict[str, object] = {}
    for position, (rows, references) in enumerate(groups):
        for number, row in enumerate(rows):
            for column in _own_columns(type(row), references):
                values[f"{position}.{number}.{column.attname}"] = as_text(column, column.pre_save(row, True))
    [keys] = _statement(shapes).rows(values)
    for (rows, references), keys_of_group in zip(groups, keys, strict=True):
        for row, key in zip(rows, keys_of_group, strict=True):
            row.pk = key
            for name, position in references:
                row.__dict__[name] = keys[position][0]
            row._state.adding = False
            row._state.db = connection.alias


@cache
def _own_columns(
    model: type[Model], references: tuple[Reference, ...]
) -> tuple["Field[object, object]", ...]:
    """Return the columns whose values are known before the statement runs."""
    referring = {name for name, _ in references}
    columns = model._meta.concrete_fields
    return tuple(each for each in columns if not each.primary_key and each.attname not in referring)


@cache
def _statement(shapes: tuple[Shape, ...]) -> Statement:
    pieces: list[Sql | str] = ["WITH "]
    for position, (model, references, number) in enumerate(shapes):
        own = _own_columns(model, references)
        columns = [str(column.column) for column in own] + [name for name, _ in references]
        names = ", ".join(connection.ops.quote_name(name) for name in columns)
        values = ", ".join(["%s"] * len(own) + [f"row_{other}.id" for _, other in references])
        if references:
            sources = ", ".join(sorted({f"row_{other}" for _, other in references}))
            source = f"SELECT {values} FROM {sources}"  # noqa: S608 - names of models only
        else:
            source = f"VALUES {', '.join([f'({values})'] * number)}"
        table = connection.ops.quote_name(model._meta.db_table)
        pieces += [
            Sql(
                f"row_{position} AS (INSERT INTO {table} ({names}) {source} RETURNING id)",
                tuple(
                    Parameter(f"{position}.{each}.{column.attname}")
                    for each in range(number)
                    for column in own
                ),
            ),
            ", ",
        ]
    # RETURNING promises no order. Keys come from a sequence, row by row, so theirs is that of the rows.
    keys = (f"ARRAY(SELECT id FROM row_{position} ORDER BY id)" for position in range(len(shapes)))  # noqa: S608
    return Statement.of(*pieces[:-1], f" SELECT {', '.join(keys)}")
