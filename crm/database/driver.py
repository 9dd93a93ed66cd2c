"""Send statements to PostgreSQL through libpq, without a cursor: a cursor costs more than some statements."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.conf import settings
from psycopg import IsolationLevel, adapt, pq
from psycopg.abc import Transformer
from psycopg.adapt import PyFormat

Connection = psycopg.Connection[tuple[object, ...]]
#: The text of a statement and the types of its parameters.
Key = tuple[bytes, tuple[int, ...]]

#: Statements that a connection counts and keeps prepared; the least recently used goes first.
MOST_PREPARED = 500
#: libpq has the protocol's Close since version 17. SQL's DEALLOCATE is no substitute: a pooler like
#: PgBouncer gives statements other names on the server and passes the SQL on unread, so that it fails.
KNOWS_CLOSE = psycopg.capabilities.has_send_close_prepared()

BEGIN_BY_ISOLATION = {None: b"BEGIN", IsolationLevel.READ_COMMITTED: b"BEGIN ISOLATION LEVEL READ COMMITTED"}
IDLE, IN_TRANSACTION = pq.TransactionStatus.IDLE, pq.TransactionStatus.INTRANS


class _PreparedStatements:
    """The statements of one connection: how often each was used, and its name once it is prepared."""

    def __init__(self) -> None:
        self.uses: OrderedDict[Key, int] = OrderedDict()
        self.names: dict[Key, bytes] = {}
        self.last_number = 0


_prepared: WeakKeyDictionary[Connection, _PreparedStatements] = WeakKeyDictionary()


def can_send(raw: Connection) -> bool:
    """Return whether the connection is in a state that ``send`` can handle; after a failure it is not."""
    usual = raw.isolation_level in BEGIN_BY_ISOLATION and not raw.read_only and not raw.deferrable
    return usual and raw.pgconn.transaction_status in (IDLE, IN_TRANSACTION)


def send(raw: Connection, text: bytes, values: Sequence[object]) -> tuple[pq.abc.PGresult, Transformer]:
    """Run one statement, prepared from the ``prepare_threshold``-th time on, and wait for its end.

    Return the result, and what converts its texts to Python values.
    """
    transformer = adapt.Transformer.from_context(raw)
    dumped: Any = transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
    types = transformer.types or ()
    formats = transformer.formats
    with raw.lock:
        if not raw.autocommit and raw.pgconn.transaction_status == IDLE:
            # psycopg's cursors do this before the first statement of a transaction; libpq does not.
            _check(raw.pgconn.exec_(BEGIN_BY_ISOLATION[raw.isolation_level]), raw)
        name = _prepared_name(raw, (text, types))
        if name is None:
            result = raw.pgconn.exec_params(text, dumped, types, formats)
        else:
            result = raw.pgconn.exec_prepared(name, dumped, formats)
    _check(result, raw)
    return result, transformer


def _prepared_name(raw: Connection, key: Key) -> bytes | None:
    """Return the name of the prepared statement, or None to send the statement unprepared."""
    if raw.prepare_threshold is None:
        return None
    prepared = _prepared.get(raw)
    if prepared is None:
        prepared = _prepared[raw] = _PreparedStatements()
    name = prepared.names.get(key)
    prepared.uses[key] = prepared.uses.get(key, 0) + 1
    prepared.uses.move_to_end(key)
    if name is None and prepared.uses[key] > raw.prepare_threshold and _has_room(prepared):
        prepared.last_number += 1
        name = b"crm_%d" % prepared.last_number
        _check(raw.pgconn.prepare(name, key[0], key[1]), raw)
        prepared.names[key] = name
    while len(prepared.uses) > MOST_PREPARED:
        oldest, _ = prepared.uses.popitem(last=False)
        if oldest in prepared.names and _can_close():
            _check(raw.pgconn.close_prepared(prepared.names.pop(oldest)), raw)
    return name


def _has_room(prepared: _PreparedStatements) -> bool:
    # Where none can be closed, the first ones stay, or the server's memory would grow without bound.
    return len(prepared.names) < MOST_PREPARED or _can_close()


def _can_close() -> bool:
    # PgBouncer answers a Close itself, and not always: of eight clients of its version 1.25 some waited for
    # ever. It bounds the statements of its connections to the server by max_prepared_statements.
    return KNOWS_CLOSE and not settings.DATABASE_POOLER


def _check(result: pq.abc.PGresult, raw: Connection) -> None:
    if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        return
    if raw.pgconn.status == pq.ConnStatus.BAD and not result.error_field(pq.DiagnosticField.SQLSTATE):
        # A lost server sent no SQLSTATE, without which psycopg cannot choose the class of the error.
        raise psycopg.OperationalError(raw.pgconn.get_error_message() or "The connection is lost.")
    raise psycopg.errors.error_from_result(result, encoding=raw.info.encoding)
