"""Migration operations that make PostgreSQL refuse references between rows of two companies.

The services look up every id within the company; these catch one that forgets. SQLite has none (ADR 9).
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from crm.database.migration_operations import PostgresStatements


class TenantKey(PostgresStatements):
    """Replace a foreign key from ``table`` to ``target`` by one that also compares the companies of both."""

    def __init__(self, table: str, column: str, target: str) -> None:
        self.table, self.column, self.target = table, column, target

    @property
    def constraint(self) -> str:
        return f"{self.table}_{self.column}_tenant"

    def forwards(self, editor: BaseDatabaseSchemaEditor) -> list[str]:
        index, table = f"{self.target}_company_id_key", f'ALTER TABLE "{self.table}"'
        return [
            f'CREATE UNIQUE INDEX IF NOT EXISTS "{index}" ON "{self.target}" (company_id, id)',
            *(f'{table} DROP CONSTRAINT "{single}"' for single in self._foreign_keys(editor)),
            f'{table} ADD CONSTRAINT "{self.constraint}"'
            f' FOREIGN KEY (company_id, "{self.column}") REFERENCES "{self.target}" (company_id, id)'
            " DEFERRABLE INITIALLY DEFERRED",
        ]

    def backwards(self) -> list[str]:
        return [
            f'ALTER TABLE "{self.table}" DROP CONSTRAINT "{self.constraint}"',
            f'ALTER TABLE "{self.table}" ADD CONSTRAINT "{self.table}_{self.column}_fk"'
            f' FOREIGN KEY ("{self.column}") REFERENCES "{self.target}" (id) DEFERRABLE INITIALLY DEFERRED',
        ]

    def describe(self) -> str:
        return f"Keep {self.table}.{self.column} within one company"

    def _foreign_keys(self, editor: BaseDatabaseSchemaEditor) -> list[str]:
        with editor.connection.cursor() as cursor:
            found = editor.connection.introspection.get_constraints(cursor, self.table)
        return [
            name
            for name, facts in found.items()
            if facts["foreign_key"] and facts["columns"] == [self.column]
        ]


class TenantLink(PostgresStatements):
    """Make a link table without a company refuse rows of two; ``ties`` are its foreign keys and targets."""

    def __init__(self, table: str, *ties: tuple[str, str]) -> None:
        self.table, self.ties = table, ties

    def forwards(self, _editor: BaseDatabaseSchemaEditor) -> list[str]:
        companies = " UNION ".join(
            # A row without a company (a shared contact type) may be linked by any company.
            f'SELECT company_id FROM "{target}" WHERE id = NEW."{column}" AND company_id IS NOT NULL'  # noqa: S608 - names from migrations
            for column, target in self.ties
        )
        columns = ", ".join(f'"{column}"' for column, _ in self.ties)
        return [
            f'CREATE FUNCTION "{self.table}_tenant"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN'  # noqa: S608
            f" IF (SELECT count(*) FROM ({companies}) AS companies) > 1 THEN"
            f" RAISE foreign_key_violation USING MESSAGE = 'rows of two companies in {self.table}';"
            " END IF; RETURN NULL; END $$",
            f'CREATE TRIGGER "{self.table}_tenant" AFTER INSERT OR UPDATE OF {columns} ON "{self.table}"'
            f' FOR EACH ROW EXECUTE FUNCTION "{self.table}_tenant"()',
        ]

    def backwards(self) -> list[str]:
        return [
            f'DROP TRIGGER "{self.table}_tenant" ON "{self.table}"',
            f'DROP FUNCTION "{self.table}_tenant"()',
        ]

    def describe(self) -> str:
        return f"Keep the ties of {self.table} within one company"
