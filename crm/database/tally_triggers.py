"""Migration operations for triggers that keep counts of live rows; on SQLite they do nothing (ADR 15)."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from crm.database.migration_operations import PostgresStatements

#: One in so many statements that add tallies also folds those of its company: many rows become their sum.
FOLDED_ONCE_IN = 50
#: Rows that one statement folds at most, so that no single writer pays for a long backlog.
MOST_FOLDED = 5000
#: No folding while a transaction is older than so many others: until it ends, VACUUM cannot remove the dead
#: rows that folding leaves, and every reader scans them.
OLDEST_SNAPSHOT = 10_000

#: Without joins: the planner's statistics of a table that changes this fast are always out of date.
#: SKIP LOCKED leaves rows to another transaction that is folding them: nobody waits, no row counts twice.
FOLD = f"""
CREATE FUNCTION crm_tally_fold(of_company bigint, of_kind text) RETURNS void LANGUAGE sql AS $$
    WITH many AS MATERIALIZED (
        SELECT id FROM crm_tally WHERE company_id = of_company AND kind = of_kind
        LIMIT {MOST_FOLDED} FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM crm_tally WHERE id = ANY (ARRAY(SELECT id FROM many)) RETURNING parent, key, n
    )
    INSERT INTO crm_tally (company_id, kind, parent, key, n)
    SELECT of_company, of_kind, parent, key, sum(n) FROM gone GROUP BY parent, key HAVING sum(n) <> 0
$$
"""  # noqa: S608

#: Only at READ COMMITTED: with an older snapshot, deleting a row that was folded since is a serialization
#: failure, and the writer would fail because of its tallies.
ADDED = """
    IF FOUND AND random() < 1.0 / {once_in} AND current_setting('transaction_isolation') = 'read committed'
    THEN
        IF (SELECT max(age(backend_xmin)) FROM pg_stat_activity) < {oldest} THEN
            PERFORM {fold} FROM {rows} GROUP BY company_id;
        END IF;
    END IF;
    RETURN NULL;
"""

#: The cast makes it an expression: GROUP BY reads a bare number as the position of a column.
NONE = "0::bigint"
TRIGGERS = ("insert", "update", "delete", "truncate")


@dataclass(frozen=True, kw_only=True)
class TalliedTable:
    """A table whose live rows are summed up in a table of tallies, for each value of some of its columns."""

    table: str
    #: The word for what is summed up, in messages.
    kind: str
    #: The end of the names of the triggers and of their function.
    suffix: str = "tally"
    tallies: str = "crm_tally"
    #: Columns of a tally that a sum is for, and what they hold, after that of the company.
    keys: Mapping[str, str]
    #: Columns of a tally that are summed up, and what they hold for some rows.
    sums: Mapping[str, str]
    #: The function that folds the tallies, called for a company.
    fold: str
    #: The rows that count, and those of the table of tallies that are of this table.
    counted: str = "deleted_at IS NULL"
    own: str = "true"

    # The names in this SQL come from migrations and models, none from a user.

    @property
    def columns(self) -> str:
        return ", ".join(["company_id", *self.keys, *self.sums])

    @property
    def is_changed(self) -> str:
        return " OR ".join(f"sum({name}) <> 0" for name in self.sums)

    def changes(self, rows: str, sign: str = "") -> str:
        """Return the query that sums up the rows of a table or transition table."""
        keys = ", ".join(f"{expression} AS {name}" for name, expression in self.keys.items())
        sums = ", ".join(f"{sign}{expression} AS {name}" for name, expression in self.sums.items())
        groups = ", ".join(["company_id", *(each for each in self.keys.values() if each[0] != "'")])
        return (
            f"SELECT company_id, {keys}, {sums} FROM {rows}"  # noqa: S608
            f" WHERE {self.counted} GROUP BY {groups}"
        )

    def summed(self, parts: str) -> str:
        """Return the query that adds up parts, and leaves out those that cancel each other."""
        keys = ", ".join(["company_id", *self.keys])
        sums = ", ".join(f"sum({name}) AS {name}" for name in self.sums)
        return f"SELECT {keys}, {sums} FROM ({parts}) parts GROUP BY {keys} HAVING {self.is_changed}"  # noqa: S608

    def wrong(self) -> str:
        """Return the query of the corrections: one row for each sum that is wrong, with the difference."""
        keys = ", ".join(["company_id", *self.keys])
        negated = ", ".join(f"-{name}" for name in self.sums)
        present = f"SELECT {keys}, {negated} FROM {self.tallies} WHERE {self.own}"  # noqa: S608
        return self.summed(f"{self.changes(self.table)} UNION ALL {present}")

    def mend(self) -> str:
        # One snapshot for rows and tallies: concurrent writers change both, so none has to be kept out.
        return f"INSERT INTO {self.tallies} ({self.columns}) {self.wrong()}"

    def function(self) -> str:
        into = f"INSERT INTO {self.tallies} ({self.columns})"
        added = ADDED.format(once_in=FOLDED_ONCE_IN, oldest=OLDEST_SNAPSHOT, fold=self.fold, rows="added")
        both = f"{self.changes('added')} UNION ALL {self.changes('removed', '-')}"
        return f"""
            CREATE FUNCTION {self.table}_{self.suffix}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP = 'INSERT' THEN
                {into} {self.changes("added")};
                {added}
            ELSIF TG_OP = 'UPDATE' THEN
                {into} {self.summed(both)};
                {added}
            ELSIF TG_OP = 'DELETE' THEN
                {into} {self.changes("removed", "-")};
                {added.replace("added", "removed")}
            END IF;
            DELETE FROM {self.tallies} WHERE {self.own};
            RETURN NULL;
            END $$
        """  # noqa: S608

    def triggers(self) -> list[str]:
        """Return the statements that create the triggers, which run once for each statement."""
        transition_tables = {
            "insert": "REFERENCING NEW TABLE AS added",
            "update": "REFERENCING OLD TABLE AS removed NEW TABLE AS added",
            "delete": "REFERENCING OLD TABLE AS removed",
            "truncate": "",
        }
        return [
            f"CREATE TRIGGER {self.table}_{self.suffix}_{event} AFTER {event} ON {self.table}"
            f" {transition_tables[event]} FOR EACH STATEMENT EXECUTE FUNCTION {self.table}_{self.suffix}()"
            for event in TRIGGERS
        ]

    def begin(self) -> list[str]:
        """Return the statements that begin to keep the tallies, of the present rows too."""
        # The triggers come first: creating one locks writers out until the present rows are summed up.
        return [self.function(), *self.triggers(), self.mend()]

    def end(self) -> list[str]:
        return [
            *(f"DROP TRIGGER {self.table}_{self.suffix}_{event} ON {self.table}" for event in TRIGGERS),
            f"DROP FUNCTION {self.table}_{self.suffix}()",
            f"DELETE FROM {self.tallies} WHERE {self.own}",  # noqa: S608
        ]


def counted_table(table: str, kind: str, parent: str = NONE, key: str = NONE) -> TalliedTable:
    """Return a table whose live rows are counted under a kind, by the columns ``parent`` and ``key``."""
    return TalliedTable(
        table=table,
        kind=kind,
        keys={"kind": f"'{kind}'", "parent": parent, "key": key},
        sums={"n": "count(*)"},
        fold=f"crm_tally_fold(company_id, '{kind}')",
        own=f"kind = '{kind}'",
    )


class FoldTallies(PostgresStatements):
    def forwards(self, _editor: BaseDatabaseSchemaEditor) -> list[str]:
        return [FOLD]

    def backwards(self) -> list[str]:
        return ["DROP FUNCTION crm_tally_fold(bigint, text)"]

    def describe(self) -> str:
        return "Create the function that folds tallies"


class TallyRows(PostgresStatements):
    """Count a table's live rows, the present ones included, and keep the count up to date."""

    def __init__(self, table: str, kind: str, parent: str = NONE, key: str = NONE) -> None:
        self.tallied = counted_table(table, kind, parent, key)

    def forwards(self, _editor: BaseDatabaseSchemaEditor) -> list[str]:
        return self.tallied.begin()

    def backwards(self) -> list[str]:
        return self.tallied.end()

    def describe(self) -> str:
        return f"Count the rows of {self.tallied.table} by triggers"
