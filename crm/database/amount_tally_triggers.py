"""Migration operation for triggers that keep sums of amounts; on SQLite it does nothing (ADR 33)."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from crm.database.migration_operations import PostgresStatements
from crm.database.tally_triggers import MOST_FOLDED, TalliedTable


def summed_table(table: str, tallies: str, *keys: str) -> TalliedTable:
    """Return a table whose amounts are summed up by currency and by some columns, in a table of tallies."""
    return TalliedTable(
        table=table,
        kind="AMOUNT",
        suffix="amounts",
        tallies=tallies,
        keys={**{key: key for key in keys}, "currency": "currency"},
        sums={"n": "count(*)", "amount": "sum(amount)"},
        fold=f"{tallies}_fold(company_id)",
        counted="deleted_at IS NULL AND amount IS NOT NULL AND currency IS NOT NULL",
    )


def fold_function(tallied: TalliedTable) -> str:
    """Return the statement that creates the function that folds the tallies of a company."""
    # As in ``tally_triggers.FOLD``: rows that another transaction is folding are left to it.
    return f"""
        CREATE FUNCTION {tallied.tallies}_fold(of_company bigint) RETURNS void LANGUAGE sql AS $$
            WITH many AS MATERIALIZED (
                SELECT id FROM {tallied.tallies} WHERE company_id = of_company
                LIMIT {MOST_FOLDED} FOR UPDATE SKIP LOCKED
            ), gone AS (
                DELETE FROM {tallied.tallies} WHERE id = ANY (ARRAY(SELECT id FROM many))
                RETURNING {tallied.columns}
            )
            INSERT INTO {tallied.tallies} ({tallied.columns}) {tallied.summed("SELECT * FROM gone")}
        $$
    """  # noqa: S608 - names from migrations


class TallyAmounts(PostgresStatements):
    """Sum up the amounts of a table's live rows, the present ones included, and keep the sums up to date."""

    def __init__(self, table: str, tallies: str, *keys: str) -> None:
        self.tallied = summed_table(table, tallies, *keys)

    def forwards(self, _editor: BaseDatabaseSchemaEditor) -> list[str]:
        return [fold_function(self.tallied), *self.tallied.begin()]

    def backwards(self) -> list[str]:
        return [*self.tallied.end(), f"DROP FUNCTION {self.tallied.tallies}_fold(bigint)"]

    def describe(self) -> str:
        return f"Sum up the amounts of {self.tallied.table} by triggers"
