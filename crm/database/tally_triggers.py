"""Migration operations for triggers that keep counts of live rows; on SQLite they do nothing (ADR 15)."""

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
            PERFORM crm_tally_fold(company_id, '{kind}') FROM {rows} GROUP BY company_id;
        END IF;
    END IF;
    RETURN NULL;
"""

#: The cast makes it an expression: GROUP BY reads a bare number as the position of a column.
NONE = "0::bigint"
TRIGGERS = ("insert", "update", "delete", "truncate")


@dataclass(frozen=True)
class TalliedTable:
    """A table whose live rows are counted by the columns ``parent`` and ``key``, under the tally ``kind``."""

    table: str
    kind: str
    parent: str = NONE
    key: str = NONE

    def changes(self, rows: str, number: str = "count(*)") -> str:
        """Return the query that counts the rows of a table or transition table."""
        # The names in this SQL come from migrations and models, none from a user.
        return (
            f"SELECT company_id, '{self.kind}' AS kind, {self.parent} AS parent, {self.key} AS key,"  # noqa: S608
            f" {number} AS n FROM {rows} WHERE deleted_at IS NULL"
            f" GROUP BY company_id, {self.parent}, {self.key}"
        )

    def wrong(self) -> str:
        """Return the query of the corrections: one row for each count that is wrong, with the difference."""
        return (
            "SELECT company_id, kind, parent, key, sum(n) AS n FROM ("  # noqa: S608
            f"{self.changes(self.table)}"
            f" UNION ALL SELECT company_id, kind, parent, key, -n FROM crm_tally WHERE kind = '{self.kind}'"
            ") numbers GROUP BY company_id, kind, parent, key HAVING sum(n) <> 0"
        )

    def mend(self) -> str:
        # One snapshot for rows and tallies: concurrent writers change both, so none has to be kept out.
        return f"INSERT INTO crm_tally (company_id, kind, parent, key, n) {self.wrong()}"

    def function(self) -> str:
        into = "INSERT INTO crm_tally (company_id, kind, parent, key, n)"
        added = ADDED.format(once_in=FOLDED_ONCE_IN, oldest=OLDEST_SNAPSHOT, kind=self.kind, rows="added")
        both = f"{self.changes('added')} UNION ALL {self.changes('removed', '-count(*)')}"
        return f"""
            CREATE FUNCTION {self.table}_tally() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP = 'INSERT' THEN
                {into} {self.changes("added")};
                {added}
            ELSIF TG_OP = 'UPDATE' THEN
                {into} SELECT company_id, kind, parent, key, sum(n) FROM ({both}) changes
                GROUP BY company_id, kind, parent, key HAVING sum(n) <> 0;
                {added}
            ELSIF TG_OP = 'DELETE' THEN
                {into} {self.changes("removed", "-count(*)")};
                {added.replace("added", "removed")}
            END IF;
            DELETE FROM crm_tally WHERE kind = '{self.kind}';
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
            f"CREATE TRIGGER {self.table}_tally_{event} AFTER {event} ON {self.table}"
            f" {transition_tables[event]} FOR EACH STATEMENT EXECUTE FUNCTION {self.table}_tally()"
            for event in TRIGGERS
        ]


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
        self.tallied = TalliedTable(table, kind, parent, key)

    def forwards(self, _editor: BaseDatabaseSchemaEditor) -> list[str]:
        # The triggers come first: creating one locks writers out until the present rows are counted.
        return [self.tallied.function(), *self.tallied.triggers(), self.tallied.mend()]

    def backwards(self) -> list[str]:
        table = self.tallied.table
        return [
            *(f"DROP TRIGGER {table}_tally_{event} ON {table}" for event in TRIGGERS),
            f"DROP FUNCTION {table}_tally()",
            f"DELETE FROM crm_tally WHERE kind = '{self.tallied.kind}'",  # noqa: S608 - names from migrations
        ]

    def describe(self) -> str:
        return f"Count the rows of {self.tallied.table} by triggers"
