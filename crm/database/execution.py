"""Run a statement on Django's connection: through libpq, or through a Django cursor while it is traced."""

import re
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg import adapt
from psycopg.abc import Params, QueryNoTemplate, Transformer
from psycopg.pq.abc import PGresult
from psycopg.sql import Literal
from psycopg.types.numeric import Int8

from crm.database import deadlines
from crm.database.driver import can_send, send

NUMBERED = re.compile(r"\$([0-9]+)")


def execute(text: bytes, values: Sequence[object]) -> tuple[PGresult, Transformer]:
    """Run a statement with numbered placeholders, and raise Django's errors, as its cursors do.

    Return the result, and what converts its texts to Python values.
    """
    bound = [_sendable(value) for value in values]
    # ``django.db.connection`` looks this up again for each attribute.
    wrapper = connections[DEFAULT_DB_ALIAS]
    # As the backends do for Django's cursors.
    deadlines.check()
    wrapper.ensure_connection()
    started = time.monotonic()
    try:
        # Tracing tools register in execute_wrappers, which only Django's cursors call.
        if wrapper.execute_wrappers or not can_send(wrapper.connection):
            return _execute_in_cursor(wrapper, text, bound)
        wrapper.validate_no_broken_transaction()
        with wrapper.wrap_database_errors:
            return send(wrapper.connection, text, bound)
    finally:
        if wrapper.queries_logged:
            _log(wrapper, text.decode(), bound, time.monotonic() - started)


def _execute_in_cursor(
    wrapper: BaseDatabaseWrapper, text: bytes, bound: Sequence[Any]
) -> tuple[PGresult, Transformer]:
    # The placeholders that execute wrappers know from Django; named, since a number may occur repeatedly.
    named = NUMBERED.sub(r"%(p\1)s", text.decode().replace("%", "%%"))
    # Django's debug cursor would log the statement a second time, and without its values.
    with CursorWrapper(_UnpreparedCursor(wrapper.connection), wrapper) as cursor:
        cursor.execute(named, {f"p{number}": value for number, value in enumerate(bound, 1)})
        return cursor.pgresult, adapt.Transformer.from_context(wrapper.connection)


class _UnpreparedCursor(psycopg.Cursor[tuple[object, ...]]):
    # psycopg sends DEALLOCATE ALL at a rollback once one of its own cursors has prepared something, which
    # would remove the driver's prepared statements too.
    def execute(  # type: ignore[override]  # Django passes text
        self, query: QueryNoTemplate, params: Params | None = None, **_: object
    ) -> "_UnpreparedCursor":
        return super().execute(query, params, prepare=False)


def _sendable(value: object) -> object:
    # psycopg chooses the type by the size of a number; each type would be prepared as another statement.
    if isinstance(value, list):
        return [_sendable(each) for each in value]
    return Int8(value) if type(value) is int else value


def _log(wrapper: BaseDatabaseWrapper, text: str, bound: Sequence[object], seconds: float) -> None:
    """Add a statement, with its values filled in, to ``connection.queries``."""
    # A closed connection cannot tell how it quotes text.
    raw = None if wrapper.connection.closed else wrapper.connection
    filled = NUMBERED.sub(lambda match: Literal(bound[int(match[1]) - 1]).as_string(raw), text)
    wrapper.queries_log.append({"sql": filled, "time": f"{seconds:.3f}"})
