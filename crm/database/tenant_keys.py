"""Migration operations that make PostgreSQL refuse references between rows of two companies.

The services look up every id within the company; these catch one that forgets. SQLite has none (ADR 9).
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class TenantKey(Operation):
    """Replace a foreign key from ``table`` to ``target`` by one that also compares the companies of both."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str, column: str, target: str) -> None:
        self.table, self.column, self.target = table, column, target

    @property
    def constraint(self) -> str:
        return f"{self.table}_{self.column}_tenant"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Leave the models as they are."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: object, to_state: object
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
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: object, to_state: object
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
    """Make a link table without a company refuse rows of two; ``ties`` are its foreign keys and targets."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str, *ties: tuple[str, str]) -> None:
        self.table, self.ties = table, ties

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Leave the models as they are."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: object, to_state: object
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            return
        companies = " UNION ".join(
            # A row without a company (a shared contact type) may be linked by any company.
            f'SELECT company_id FROM "{target}" WHERE id = NEW."{column}" AND company_id IS NOT NULL'  # noqa: S608 - names from migrations
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
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: object, to_state: object
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f'DROP TRIGGER "{self.table}_tenant" ON "{self.table}"')
            schema_editor.execute(f'DROP FUNCTION "{self.table}_tenant"()')

    def describe(self) -> str:
        return f"Keep the ties of {self.table} within one company"
