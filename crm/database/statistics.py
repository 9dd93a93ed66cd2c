"""The statistics by which the planner chooses its way: renewed where many rows changed."""

from collections.abc import Sequence

from django.apps import apps
from django.db import connection

#: A table is outdated from so many changed rows on, and from this share of its rows.
LEAST_CHANGED = 1_000
LEAST_SHARE = 0.05
#: SQLite looks at so many rows of an index.
SQLITE_ROWS = 1_000
#: All tables at once: SQLite itself finds those that it pays for.
WHOLE_DATABASE = ""


def outdated_tables() -> list[str]:
    """Return the tables whose statistics are to be renewed, by name."""
    return _tables(
        "SELECT relname FROM pg_stat_user_tables WHERE schemaname = ANY (current_schemas(false))"
        " AND n_mod_since_analyze >= greatest(%s, %s * n_live_tup)",
        [LEAST_CHANGED, LEAST_SHARE],
    )


def grown_tables() -> list[str]:
    """Return the tables into which this transaction has inserted very many rows, by name."""
    return _tables(
        "SELECT relname FROM pg_stat_xact_user_tables WHERE schemaname = ANY (current_schemas(false))"
        " AND n_tup_ins >= %s",
        [LEAST_CHANGED],
    )


def _tables(sql: str, params: Sequence[float]) -> list[str]:
    if connection.vendor != "postgresql":
        return [WHOLE_DATABASE]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found = {name for (name,) in cursor.fetchall()}
    return sorted(found & {model._meta.db_table for model in apps.get_models(include_auto_created=True)})


class GrowingTables:
    """Renews statistics while a piece of work stores very many rows, long before anybody else does.

    The planner takes a table that was small when it was looked at for small, and reads all of it again and
    again. Each time there are several times as many rows, a sample is read, which takes less than a second.
    """

    FIRST, FACTOR = 2_000, 4

    def __init__(self) -> None:
        self._next = self.FIRST

    def note(self, rows: int, *, in_transaction: bool = False) -> None:
        """Renew what is outdated once so many rows are stored.

        :param in_transaction: whether the rows are those of a transaction that has not ended.
        """
        if rows < self._next:
            return
        while self._next <= rows:
            self._next *= self.FACTOR
        for table in grown_tables() if in_transaction else outdated_tables():
            renew_statistics(table)


def renew_statistics(table: str) -> None:
    """Read a sample of a table, while others go on reading and writing it; skip one that is locked."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ANALYZE (SKIP_LOCKED) {connection.ops.quote_name(table)}")
        else:
            cursor.execute(f"PRAGMA analysis_limit = {SQLITE_ROWS}")
            cursor.execute("PRAGMA optimize")
