"""Send one statement together with another one, which saves a round trip to the database."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from django.db import DatabaseError
from psycopg.pq import Format

from crm.database.execution import NUMBERED
from crm.database.statements import Prepared, PythonRow, Row, Statement, Values


@dataclass
class Piggyback:
    """A statement that may be sent together with a query that it does not depend on, and its outcome."""

    statement: Statement
    values: Values
    found: list[Row] | None = None
    failed: DatabaseError | None = None

    def texts(self) -> list[Row]:
        """Return the rows of the statement, which runs now unless it was sent before."""
        if self.failed is not None:
            raise self.failed
        if self.found is None:
            self.found = self.statement.texts(self.values)
        return self.found


def fetch_with(companion: Piggyback | None, leader: Prepared, **values: object) -> list[PythonRow]:
    """Return what ``leader.rows`` does for a query of at most one row, and send a companion with it.

    The query is answered as it would be alone, whatever becomes of the companion.
    """
    if companion is None:
        return leader.rows(**values)
    statement, width = leader.compiled(*sorted(values))
    try:
        result, transformer = _pair(statement, companion.statement).result({**companion.values, **values})
    except DatabaseError as error:
        # Either of the two may have failed. If it is the leader, this raises.
        rows = leader.rows(**values)
        companion.failed = error
        return rows
    if not result.ntuples:
        return []
    columns = range(width + 1, result.nfields)
    companion.found = [
        tuple([result.get_value(row, each) for each in columns])
        for row in range(result.ntuples)
        # If the companion has no rows, the LEFT JOIN leaves one row of the leader and nulls.
        if result.get_value(row, width) is not None
    ]
    transformer.set_loader_types([result.ftype(each) for each in range(width)], Format.TEXT)
    return [transformer.load_sequence([result.get_value(0, each) for each in range(width)])]


_pairs: WeakKeyDictionary[Statement, dict[Statement, Statement]] = WeakKeyDictionary()


def _pair(leader: Statement, companion: Statement) -> Statement:
    """Return the statement that answers both: each row of the companion behind the leader's row."""
    pairs = _pairs.setdefault(companion, {})
    if leader not in pairs:
        before = len(leader.values)
        shifted = NUMBERED.sub(lambda match: f"${int(match[1]) + before}", companion.text.decode())
        # The companion's rows keep their order: PostgreSQL joins without a condition by nested loop only.
        text = (
            f"SELECT leader.*, companion.* FROM ({leader.text.decode()}) leader"  # noqa: S608 - compiled parts
            f" LEFT JOIN (SELECT true, asked.* FROM ({shifted}) asked) companion ON true"
        )
        pairs[leader] = Statement(text.encode(), leader.values + companion.values)
    return pairs[leader]
