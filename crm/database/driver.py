"""Statements sent to PostgreSQL without a cursor: what cursors do besides costs more than some statements."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import IsolationLevel, pq
from psycopg.adapt import PyFormat, Transformer

#: Statements that a connection keeps prepared; the one that was used longest ago goes first.
MOST_PREPARED = 500

#: How the transactions begin that are of a usual kind.
BEGINNINGS = {None: b"BEGIN", IsolationLevel.READ_COMMITTED: b"BEGIN ISOLATION LEVEL READ COMMITTED"}
IDLE, IN_TRANSACTION = pq.TransactionStatus.IDLE, pq.TransactionStatus.INTRANS
Key = tuple[bytes, tuple[int, ...]]
#: A transformer; to the type checker psycopg gives a name for two classes.
Loader = Any


class _Kept:
    """The statements of one connection: how often each was used, and its name once it is prepared."""

    def __init__(self) -> None:
        self.uses: OrderedDict[Key, int] = OrderedDict()
        self.names: dict[Key, bytes] = {}
        self.numbered = 0


_kept: WeakKeyDictionary[psycopg.Connection[Any], _Kept] = WeakKeyDictionary()


def can_send(raw: psycopg.Connection[Any]) -> bool:
    """Tell whether a statement may be sent past the cursors: not after a failure, for instance."""
    usual = raw.isolation_level in BEGINNINGS and not raw.read_only and not raw.deferrable
    return usual and raw.pgconn.transaction_status in (IDLE, IN_TRANSACTION)


def send(raw: psycopg.Connection[Any], text: bytes, values: Sequence[Any]) -> tuple[pq.abc.PGresult, Loader]:
    """Run a statement by itself, prepared from the ``prepare_threshold``-th time on; wait for its end.

    :param text: with numbered placeholders.
    :return: the result, and what turns its texts into values of Python.
    :raises psycopg.Error: if the database refuses, or is away.
    """
    transformer = Transformer.from_context(raw)
    sent: Any = transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
    types = transformer.types or ()
    formats = transformer.formats
    with raw.lock:
        if not raw.autocommit and raw.pgconn.transaction_status == IDLE:
            # As the cursors do before the first statement of a transaction.
            _check(raw.pgconn.exec_(BEGINNINGS[raw.isolation_level]), raw)
        name = _name(raw, (text, types))
        if name is None:
            result = raw.pgconn.exec_params(text, sent, types, formats)
        else:
            result = raw.pgconn.exec_prepared(name, sent, formats)
    _check(result, raw)
    return result, transformer


def _name(raw: psycopg.Connection[Any], key: Key) -> bytes | None:
    """Give the name under which a statement is prepared, or None if it is not used often enough."""
    if raw.prepare_threshold is None:
        return None
    kept = _kept.get(raw)
    if kept is None:
        kept = _kept[raw] = _Kept()
    name = kept.names.get(key)
    kept.uses[key] = kept.uses.get(key, 0) + 1
    kept.uses.move_to_end(key)
    if name is None and kept.uses[key] > raw.prepare_threshold:
        kept.numbered += 1
        name = b"crm_%d" % kept.numbered
        _check(raw.pgconn.prepare(name, key[0], key[1]), raw)
        kept.names[key] = name
    while len(kept.uses) > MOST_PREPARED:
        oldest, _ = kept.uses.popitem(last=False)
        forgotten = kept.names.pop(oldest, None)
        if forgotten is not None:
            _check(raw.pgconn.exec_(b"DEALLOCATE " + forgotten), raw)
    return name


def _check(result: pq.abc.PGresult, raw: psycopg.Connection[Any]) -> None:
    if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        return
    if raw.pgconn.status == pq.ConnStatus.BAD:
        # A server that vanished says no code, from which the kind of error would follow.
        raise psycopg.OperationalError(raw.pgconn.get_error_message() or "The connection is lost.")
    raise psycopg.errors.error_from_result(result, encoding=raw.info.encoding)
