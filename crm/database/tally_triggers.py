"""Migration steps by which PostgreSQL itself tallies live rows; on SQLite they do nothing (ADR 15)."""

from dataclasses import dataclass
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

#: One of so many statements that add tallies sums up those of its company.
FOLDED_ONCE_IN = 50
#: So many of them at most, lest one writer pays for all that has gathered.
MOST_FOLDED = 5000
#: While a transaction is open since before so many others, dead rows stay where they are, and every reader
#: goes over them: to sum up would only add some.
OLDEST_SNAPSHOT = 10_000

#: No join and no condition on other rows: the statistics of a table that changes so much are always old.
#: Rows that another transaction is about to sum up are left to it: nobody waits, and none is summed up twice.
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

#: A snapshot of before must not sum up what others summed up since: the database would refuse the writer.
ADDED = """
    IF FOUND AND random() < 1.0 / {once_in} AND current_setting('transaction_isolation') = 'read committed'
    THEN
        IF (SELECT max(age(backend_xmin)) FROM pg_stat_activity) < {oldest} THEN
            PERFORM crm_tally_fold(company_id, '{kind}') FROM {rows} GROUP BY company_id;
        END IF;
    END IF;
    RETURN NULL;
"""

#: A number that rows can be grouped by, unlike a bare one, which would be the place of a column.
NONE = "0::bigint"
TRIGGERS = ("insert", "update", "delete", "truncate")


@dataclass(frozen=True)
class TalliedTable:
    """A table whose live rows are tallied.

    :param kind: what its tallies are called.
    :param parent: the column that tallies are parted by, and ``key``: another within it.
    """

    table: str
    kind: str
    parent: str = NONE
    key: str = NONE

    # Names from migrations and models, none from a user.
    def changes(self, rows: str, number: str = "count(*)") -> str:
        """Give the query of the tallies of some rows.

        :param rows: the name under which the rows are known.
        """
        return (
            f"SELECT company_id, '{self.kind}' AS kind, {self.parent} AS parent, {self.key} AS key,"  # noqa: S608
            f" {number} AS n FROM {rows} WHERE deleted_at IS NULL"
            f" GROUP BY company_id, {self.parent}, {self.key}"
        )

    def wrong(self) -> str:
        """Give the query of what the tallies lack to be the numbers of rows: one for each that is wrong."""
        return (
            "SELECT company_id, kind, parent, key, sum(n) AS n FROM ("  # noqa: S608
            f"{self.changes(self.table)}"
            f" UNION ALL SELECT company_id, kind, parent, key, -n FROM crm_tally WHERE kind = '{self.kind}'"
            ") numbers GROUP BY company_id, kind, parent, key HAVING sum(n) <> 0"
        )

    def mend(self) -> str:
        """Give the statement that adds what the tallies lack.

        Rows and tallies are read of one moment, so that those who write meanwhile need not be kept out.
        """
        return f"INSERT INTO crm_tally (company_id, kind, parent, key, n) {self.wrong()}"

    def function(self) -> str:
        """Give the statement that makes the function of the triggers."""
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
        """Give the statements that make the triggers: each runs once for a statement, however many rows."""
        known = {
            "insert": "REFERENCING NEW TABLE AS added",
            "update": "REFERENCING OLD TABLE AS removed NEW TABLE AS added",
            "delete": "REFERENCING OLD TABLE AS removed",
            "truncate": "",
        }
        return [
            f"CREATE TRIGGER {self.table}_tally_{event} AFTER {event} ON {self.table} {known[event]}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {self.table}_tally()"
            for event in TRIGGERS
        ]


class TallyStep(Operation):
    """A step that changes nothing but PostgreSQL's own functions, triggers and tallies."""

    reduces_to_sql = True
    reversible = True

    def forwards(self) -> list[str]:
        """Give the statements of the step."""
        raise NotImplementedError

    def backwards(self) -> list[str]:
        """Give the statements that undo it."""
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """To Django's models nothing changes."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        self._run(schema_editor, self.forwards())

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        self._run(schema_editor, self.backwards())

    def _run(self, schema_editor: BaseDatabaseSchemaEditor, statements: list[str]) -> None:
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement, None)


class FoldTallies(TallyStep):
    """Make the function that sums tallies up."""

    def forwards(self) -> list[str]:
        return [FOLD]

    def backwards(self) -> list[str]:
        return ["DROP FUNCTION crm_tally_fold(bigint, text)"]

    def describe(self) -> str:
        return "Sum tallies up"


class TallyRows(TallyStep):
    """Have a table's live rows tallied from now on, those that are there included."""

    def __init__(self, table: str, kind: str, parent: str = NONE, key: str = NONE) -> None:
        self.tallied = TalliedTable(table, kind, parent, key)

    def forwards(self) -> list[str]:
        # The triggers come first: making one keeps writers out until the rows that are there are tallied.
        return [self.tallied.function(), *self.tallied.triggers(), self.tallied.mend()]

    def backwards(self) -> list[str]:
        table = self.tallied.table
        return [
            *(f"DROP TRIGGER {table}_tally_{event} ON {table}" for event in TRIGGERS),
            f"DROP FUNCTION {table}_tally()",
            f"DELETE FROM crm_tally WHERE kind = '{self.tallied.kind}'",  # noqa: S608 - a name from migrations
        ]

    def describe(self) -> str:
        return f"Tally the rows of {self.tallied.table}"
