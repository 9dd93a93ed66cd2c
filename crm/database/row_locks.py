"""One visible row by its key, locked by a statement that is compiled once for a class of actors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection, models

from crm.actors import Actor
from crm.database.actor_cache_key import actor_class, class_key
from crm.database.keys import named_key
from crm.database.statements import NotCompilable, Parameter, Sql, Statement

Row = TypeVar("Row", bound=models.Model)

#: Most statements that are kept compiled: by model, class of actors, and kind of key.
MOST_STATEMENTS = 1000


@dataclass(frozen=True)
class _Lock:
    """The statement, and what makes a value of the model out of that of the database, by place."""

    statement: Statement
    converters: tuple[tuple[int, Any, Callable[..., Any]], ...]

    def read(self, values: dict[str, Any]) -> list[Any] | None:
        rows = self.statement.rows(values)
        if not rows:
            return None
        row = list(rows[0])
        for place, expression, convert in self.converters:
            row[place] = convert(row[place], expression, connection)
        return row


_locks: dict[Any, _Lock] = {}


def can_lock() -> bool:
    """Tell whether rows are locked by statements that are kept."""
    # Outside of a transaction nothing stays locked, which the ORM knows to refuse.
    return connection.vendor == "postgresql" and connection.in_atomic_block


def locked_row(model: type[Row], actor: Actor, key: object) -> Row | None:
    """Give the one row that the actor sees with this primary key or UUID, locked; None if there is none.

    :raises NotCompilable: if what the actor sees is no matter of a statement.
    """
    named = named_key(model, key)
    if named is None:
        return None
    name, value = named
    row = _lock(model, actor, name).read({"company": actor.company_id, "user": actor.user_id, "key": value})
    if row is None:
        return None
    return model.from_db(connection.alias, [column.attname for column in model._meta.concrete_fields], row)


def _lock(model: type[models.Model], actor: Actor, name: str) -> _Lock:
    kept = (model, class_key(actor), name)
    if kept not in _locks:
        if len(_locks) >= MOST_STATEMENTS:
            _locks.clear()
        _locks[kept] = _compile(model, actor_class(actor), name)
    return _locks[kept]


def _compile(model: type[models.Model], symbolic: Actor, name: str) -> _Lock:
    manager: Any = model._default_manager
    columns = model._meta.concrete_fields
    key = Parameter("key", model._meta.pk if name == "pk" else model._meta.get_field(name))  # type: ignore[arg-type]  # no relation
    rows = manager.visible_to(symbolic).select_for_update(of=("self",)).filter(**{name: key})
    compiler = rows.query.get_compiler(connection=connection)
    try:
        text, parameters = compiler.as_sql()
    except EmptyResultSet:
        raise NotCompilable("nothing is visible") from None
    if [each.target for each, _, _ in compiler.select] != list(columns):
        raise NotCompilable("further columns")
    converters = compiler.get_converters([each for each, _, _ in compiler.select])
    return _Lock(
        Statement.of(Sql(text, tuple(parameters))).refuse_moments(),
        tuple(
            (place, expression, convert)
            for place, (of_column, expression) in converters.items()
            for convert in of_column
        ),
    )
