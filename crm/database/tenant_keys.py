"""Migration steps by which PostgreSQL itself refuses a tie between rows of two companies.

The services look up every id in the company of the actor; this is the second net. On SQLite, which has no
such constraints beside its tables, the steps do nothing (ADR 9).
"""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class TenantKey(Operation):
    """Replace a foreign key by one that also compares the companies of both rows.

    :param table: table of the key; ``column``: its column; ``target``: the table it points at. Both tables
        have a ``company_id``.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str, column: str, target: str) -> None:
        self.table, self.column, self.target = table, column, target

    @property
    def constraint(self) -> str:
        """The name of the foreign key over two columns."""
        return f"{self.table}_{self.column}_tenant"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """To Django's models nothing changes."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            return
        index = f"{self.target}_company_id_key"
        schema_editor.execute(
            f'CREATE UNIQUE INDEX IF NOT EXISTS "{index}" ON "{self.target}" (company_id, id)'
        )
        for single in self._foreign_keys(schema_editor):
            schema_editor.execute(f'ALTER TABLE "{self.table}" DROP CONSTRAINT "{single}"')
        schema_editor.execute(
            f'ALTER TABLE "{self.table}" ADD CONSTRAINT "{self.constraint}"'
            f' FOREIGN KEY (company_id, "{self.column}") REFERENCES "{self.target}" (company_id, id)'
            " DEFERRABLE INITIALLY DEFERRED"
        )

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            return
        schema_editor.execute(f'ALTER TABLE "{self.table}" DROP CONSTRAINT "{self.constraint}"')
        schema_editor.execute(
            f'ALTER TABLE "{self.table}" ADD CONSTRAINT "{self.table}_{self.column}_fk"'
            f' FOREIGN KEY ("{self.column}") REFERENCES "{self.target}" (id) DEFERRABLE INITIALLY DEFERRED'
        )

    def describe(self) -> str:
        return f"Keep {self.table}.{self.column} within one company"

    def _foreign_keys(self, schema_editor: BaseDatabaseSchemaEditor) -> list[str]:
        with schema_editor.connection.cursor() as cursor:
            found = schema_editor.connection.introspection.get_constraints(cursor, self.table)
        return [
            name
            for name, facts in found.items()
            if facts["foreign_key"] and facts["columns"] == [self.column]
        ]


class TenantLink(Operation):
    """Have a table that ties two rows, and has no company of its own, refuse rows of two companies.

    :param ties: column of the table and the table it points at, twice or more.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str, *ties: tuple[str, str]) -> None:
        self.table, self.ties = table, ties

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """To Django's models nothing changes."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            return
        companies = " UNION ".join(
            # Names from migrations, none from a user.
            f'SELECT company_id FROM "{target}" WHERE id = NEW."{column}" AND company_id IS NOT NULL'  # noqa: S608
            for column, target in self.ties
        )
        schema_editor.execute(
            f'CREATE FUNCTION "{self.table}_tenant"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN'  # noqa: S608
            f" IF (SELECT count(*) FROM ({companies}) AS companies) > 1 THEN"
            f" RAISE foreign_key_violation USING MESSAGE = 'rows of two companies in {self.table}';"
            " END IF; RETURN NULL; END $$",
            None,
        )
        columns = ", ".join(f'"{column}"' for column, _ in self.ties)
        schema_editor.execute(
            f'CREATE TRIGGER "{self.table}_tenant" AFTER INSERT OR UPDATE OF {columns} ON "{self.table}"'
            f' FOR EACH ROW EXECUTE FUNCTION "{self.table}_tenant"()'
        )

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f'DROP TRIGGER "{self.table}_tenant" ON "{self.table}"')
            schema_editor.execute(f'DROP FUNCTION "{self.table}_tenant"()')

    def describe(self) -> str:
        return f"Keep the ties of {self.table} within one company"
