"""New rows of several models that belong together, written at once."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model

from crm.database.statements import Parameter, Sql, Statement, as_text

#: Where a row refers to others of the same call: its column, and the place of the other's group.
References = tuple[tuple[str, int], ...]
#: Rows of one model that one INSERT writes: the model, their references, and their number.
Group = tuple[Any, References, int]


def insert_together(rows: Sequence[Model]) -> None:
    """Insert rows that may refer to one another, each to rows before it, and give them their keys.

    Rows of one model that follow one another, and refer to none of the others, are one INSERT. On PostgreSQL
    the whole is one statement.

    :raises django.db.IntegrityError: if one of them breaks a constraint.
    """
    grouped = _grouped(rows)
    if connection.vendor == "postgresql" and rows:
        _insert_at_once(grouped)
        return
    for group, references in grouped:
        for row in group:
            for name, place in references:
                row.__dict__[name] = grouped[place][0][0].pk
        type(group[0])._base_manager.bulk_create(group)


def _grouped(rows: Sequence[Model]) -> list[tuple[list[Model], References]]:
    groups: list[tuple[list[Model], References]] = []
    places: dict[int, int] = {}
    for row in rows:
        references = tuple(_references(row, places))
        if groups and not references and not groups[-1][1] and type(groups[-1][0][0]) is type(row):
            groups[-1][0].append(row)
        else:
            groups.append(([row], references))
        places[id(row)] = len(groups) - 1
    return groups


def _references(row: Model, places: dict[int, int]) -> Iterator[tuple[str, int]]:
    for name, column in _relations(type(row)):
        place = places.get(id(row._state.fields_cache.get(name)))
        if place is not None:
            yield column, place


@cache
def _relations(model: Any) -> tuple[tuple[str, str], ...]:
    """Give the names under which a model keeps the rows it refers to, with the columns of their keys."""
    keys = [(field.name, field.attname) for field in model._meta.concrete_fields if field.is_relation]
    generic = [
        (field.name, field.fk_field) for field in model._meta.private_fields if hasattr(field, "fk_field")
    ]
    return tuple(keys + generic)


def _insert_at_once(grouped: list[tuple[list[Model], References]]) -> None:
    shape = tuple((type(group[0]), references, len(group)) for group, references in grouped)
    values = {}
    for place, (group, references) in enumerate(grouped):
        for number, row in enumerate(group):
            for column in _own_columns(type(row), references):
                values[f"{place}.{number}.{column.attname}"] = as_text(column, column.pre_save(row, True))
    [keys] = _statement(shape).rows(values)
    for (group, references), of_group in zip(grouped, keys, strict=True):
        for row, key in zip(group, of_group, strict=True):
            row.pk = key
            for name, place in references:
                row.__dict__[name] = keys[place][0]
            row._state.adding = False
            row._state.db = connection.alias


@cache
def _own_columns(model: Any, references: References) -> tuple[Any, ...]:
    referred = {name for name, _ in references}
    columns = model._meta.concrete_fields
    return tuple(each for each in columns if not each.primary_key and each.attname not in referred)


@cache
def _statement(shape: tuple[Group, ...]) -> Statement:
    pieces: list[Sql | str] = ["WITH "]
    for place, (model, references, number) in enumerate(shape):
        own = _own_columns(model, references)
        columns = [column.column for column in own] + [name for name, _ in references]
        names = ", ".join(connection.ops.quote_name(name) for name in columns)
        places = ", ".join(["%s"] * len(own) + [f"row_{other}.id" for _, other in references])
        if references:
            sources = ", ".join(sorted({f"row_{other}" for _, other in references}))
            given = f"SELECT {places} FROM {sources}"  # noqa: S608  # names of models alone
        else:
            given = f"VALUES {', '.join([f'({places})'] * number)}"
        table = connection.ops.quote_name(model._meta.db_table)
        pieces += [
            Sql(
                f"row_{place} AS (INSERT INTO {table} ({names}) {given} RETURNING id)",
                tuple(
                    Parameter(f"{place}.{each}.{column.attname}") for each in range(number) for column in own
                ),
            ),
            ", ",
        ]
    keys = (f"ARRAY(SELECT id FROM row_{place} ORDER BY id)" for place in range(len(shape)))  # noqa: S608
    return Statement.of(*pieces[:-1], f" SELECT {', '.join(keys)}")
