"""Locks one visible row by its key; on PostgreSQL by a statement compiled once for like actors.

With the ORM, which compiles it each time, updateLead takes 1.27 to 1.36 times the CPU time (ADR 12).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Expression, Model

from crm.actors import Actor
from crm.database.actor_cache_key import actor_cache_key, symbolic_actor
from crm.database.keys import named_key
from crm.database.statements import NotCompilable, Parameter, Sql, Statement, Values

Row = TypeVar("Row", bound=Model)

#: Statements that a process keeps: one for each model, actor cache key, and kind of key.
MOST_STATEMENTS = 1000


@dataclass(frozen=True)
class _Lock:
    """The statement, and Django's converters from database values to those of the model, by position."""

    statement: Statement
    converters: tuple[tuple[int, Expression, Callable[..., object]], ...]

    def read(self, values: Values) -> list[object] | None:
        rows = self.statement.rows(values)
        if not rows:
            return None
        row = list(rows[0])
        for position, expression, convert in self.converters:
            row[position] = convert(row[position], expression, connection)
        return row


_locks: dict[tuple[object, ...], _Lock] = {}


def can_lock() -> bool:
    # Without a transaction the lock would end with the statement. The ORM raises an error for that.
    return connection.vendor == "postgresql" and connection.in_atomic_block


def locked_row(model: type[Row], actor: Actor, key: object) -> Row | None:
    """Return the row that the actor sees under this primary key or UUID, locked; None if there is none."""
    named = named_key(model, key)
    if named is None:
        return None
    name, value = named
    row = _lock(model, actor, name).read({"company": actor.company_id, "user": actor.user_id, "key": value})
    if row is None:
        return None
    return model.from_db(connection.alias, [column.attname for column in model._meta.concrete_fields], row)


def _lock(model: type[Model], actor: Actor, name: str) -> _Lock:
    cache_key = (model, actor_cache_key(actor), name)
    if cache_key not in _locks:
        if len(_locks) >= MOST_STATEMENTS:
            _locks.clear()
        _locks[cache_key] = _compile(model, symbolic_actor(actor), name)
    return _locks[cache_key]


def _compile(model: type[Model], symbolic: Actor, name: str) -> _Lock:
    manager: Any = model._default_manager
    columns = model._meta.concrete_fields
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    rows = (
        manager.visible_to(symbolic).select_for_update(of=("self",)).filter(**{name: Parameter("key", field)})
    )
    compiler = rows.query.get_compiler(connection=connection)
    try:
        text, parameters = compiler.as_sql()
    except EmptyResultSet:
        raise NotCompilable("nothing is visible") from None
    # ``from_db`` takes the model's columns in their order; a deferred or joined one would shift them.
    if [each.target for each, _, _ in compiler.select] != list(columns):
        raise NotCompilable("further columns")
    converters = compiler.get_converters([each for each, _, _ in compiler.select])
    return _Lock(
        Statement.of(Sql(text, tuple(parameters))).refuse_moments(),
        tuple(
            (position, expression, convert)
            for position, (of_column, expression) in converters.items()
            for convert in of_column
        ),
    )
