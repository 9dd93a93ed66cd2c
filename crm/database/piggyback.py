"""Statements that are sent together with another one: the way to the database and back takes its time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DatabaseError
from psycopg.pq import Format

from crm.database.statements import PLACED, Prepared, Row, Statement


@dataclass
class Piggyback:
    """A statement that may be sent together with a query that it does not depend on, and what came of it."""

    statement: Statement
    values: Mapping[str, Any]
    found: list[Row] | None = None
    failed: DatabaseError | None = None

    def texts(self) -> list[Row]:
        """Give the rows of the statement, which runs now if it was not sent before.

        :raises django.db.Error: if the database refuses, or has refused.
        """
        if self.failed is not None:
            raise self.failed
        if self.found is None:
            self.found = self.statement.texts(self.values)
        return self.found


def fetch_with(companion: Piggyback | None, leader: Prepared, **values: Any) -> list[tuple[Any, ...]]:
    """Give the rows of a query of at most one row, as ``leader.rows`` does; send a companion with it.

    Whatever becomes of the companion, the query is answered as it would be alone.
    """
    if companion is None:
        return leader.rows(**values)
    statement, width = leader.compiled(*sorted(values))
    try:
        result, loader = _pair(statement, companion.statement).result({**companion.values, **values})
    except DatabaseError as error:
        # It shows whose fault it is.
        rows = leader.rows(**values)
        companion.failed = error
        return rows
    if not result.ntuples:
        return []
    columns = range(width + 1, result.nfields)
    companion.found = [
        tuple([result.get_value(row, each) for each in columns])
        for row in range(result.ntuples)
        # Without a row of the companion's there is one of the leader alone.
        if result.get_value(row, width) is not None
    ]
    loader.set_loader_types([result.ftype(each) for each in range(width)], Format.TEXT)
    return [loader.load_sequence([result.get_value(0, each) for each in range(width)])]


_pairs: WeakKeyDictionary[Statement, dict[Statement, Statement]] = WeakKeyDictionary()


def _pair(leader: Statement, companion: Statement) -> Statement:
    """Give the statement that answers both: each row of the companion's behind that of the leader.

    The rows keep their order: without a condition, a nested loop is the one way to join them.
    """
    pairs = _pairs.setdefault(companion, {})
    if leader not in pairs:
        before = len(leader.values)
        shifted = PLACED.sub(lambda match: f"${int(match[1]) + before}", companion.text.decode())
        text = (
            f"SELECT leader.*, companion.* FROM ({leader.text.decode()}) leader"  # noqa: S608 - statements of ours
            f" LEFT JOIN (SELECT true, asked.* FROM ({shifted}) asked) companion ON true"
        )
        pairs[leader] = Statement(text.encode(), leader.values + companion.values)
    return pairs[leader]
