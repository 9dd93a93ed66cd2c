"""Read every row of the product, and find those that were written."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model

from tests.rows.registry import APPS

#: Rows by table.
State = dict[str, list[tuple[Any, ...]]]
#: Both count rows of savepoints that were rolled back; SQLite does not say in which table they are.
ROWS_WRITTEN = {
    "sqlite": "SELECT '', total_changes()",
    "postgresql": "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
    " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0",
}
#: Columns that requests write when some time has passed, whatever else they do: a use, and by whom.
WRITTEN_BY_TIME = {
    ("crm_apitoken", "last_used_at"),
    ("crm_browsersession", "last_seen_at"),
    ("crm_browsersession", "device"),
    ("crm_browsersession", "address"),
}


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo at the end whatever is written within."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def models() -> list[type[Model]]:
    return [model for app in APPS for model in apps.get_app_config(app).get_models(include_auto_created=True)]


@cache
def selects() -> dict[str, str]:
    """Return the statement that reads each table of the product."""
    quoted = connection.ops.quote_name
    return {
        model._meta.db_table: f"SELECT {', '.join(quoted(field.column) for field in columns_of(model))}"
        f" FROM {quoted(model._meta.db_table)} ORDER BY 1"
        for model in models()
    }


def read_all(tables: Collection[str] | None = None) -> State:
    """Read every row of every table of the product, or of these tables."""
    asked = {table: select for table, select in selects().items() if tables is None or table in tables}
    if not asked:
        return {}
    with connection.cursor() as cursor:
        # JSON comes as text here and as objects there: both can be compared as they are.
        if connection.vendor == "postgresql":
            # In one go: a suite that asks often spent more on the way there and back than on the rows.
            cursor.execute("; ".join(asked.values()))
            return dict(zip(asked, (result.fetchall() for result in cursor.results()), strict=True))
        return {table: cursor.execute(select).fetchall() for table, select in asked.items()}


def _written_by_table() -> dict[str, int]:
    """Return the numbers of rows that were written until now: in the transaction, or by the connection."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS_WRITTEN[connection.vendor])
        return {table: int(number) for table, number in cursor.fetchall()}


class Watch:
    """Finds the rows that differ from those at its start; reads only tables in which any were written."""

    def __init__(self) -> None:
        self.before = read_all()
        self._written = _written_by_table()

    def changed(self) -> State:
        """Return all rows of each table that holds others than at the start."""
        now = _written_by_table()
        written = {table for table, number in now.items() if number != self._written.get(table)}
        read = read_all(None if "" in written else written)
        return {table: rows for table, rows in read.items() if rows != self.before[table]}

    def differs(self) -> bool:
        """Return whether some row differs."""
        return bool(self.changed())

    def restart(self) -> None:
        """Go on after a rollback, which left the rows as they were."""
        self._written = _written_by_table()


def columns_of(model: type[Model]) -> list[Any]:
    fields = [
        field
        for field in model._meta.concrete_fields
        if (model._meta.db_table, field.column) not in WRITTEN_BY_TIME
    ]
    # The primary key first, so that rows come in its order.
    return sorted(fields, key=lambda field: not field.primary_key)


def without_ledger(rows: dict[str, Any]) -> dict[str, Any]:
    """Leave out an import's own account of its rows, which tells of refused ones too."""
    return {table: found for table, found in rows.items() if not table.startswith("crm_import")}
