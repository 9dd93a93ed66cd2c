"""Read every row of the product, and count the rows that were written."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model

from tests.rows.registry import APPS

#: Rows by table.
State = dict[str, list[tuple[Any, ...]]]
#: Both count rows of savepoints that were rolled back.
ROWS_WRITTEN = {
    "sqlite": "SELECT total_changes()",
    "postgresql": "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables",
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


def read_all() -> State:
    """Read every row of every table of the product."""
    with connection.cursor() as cursor:
        # JSON comes as text here and as objects there: both can be compared as they are.
        if connection.vendor == "postgresql":
            # In one go: a suite that asks often spent more on the way there and back than on the rows.
            cursor.execute("; ".join(selects().values()))
            return dict(zip(selects(), (result.fetchall() for result in cursor.results()), strict=True))
        return {table: cursor.execute(select).fetchall() for table, select in selects().items()}


def rows_written() -> int:
    """Return the number of rows that were written until now: in the transaction, or by the connection."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS_WRITTEN[connection.vendor])
        [(number,)] = cursor.fetchall()
    return int(number)


class Watch:
    """Tells whether the rows differ from those at its start; reads them again only if any were written."""

    def __init__(self) -> None:
        self._before = read_all()
        self._written = rows_written()

    def differs(self) -> bool:
        """Return whether some row differs."""
        return rows_written() != self._written and read_all() != self._before

    def restart(self) -> None:
        """Go on after a rollback, which left the rows as they were."""
        self._written = rows_written()


def columns_of(model: type[Model]) -> list[Any]:
    fields = [
        field
        for field in model._meta.concrete_fields
        if (model._meta.db_table, field.column) not in WRITTEN_BY_TIME
    ]
    # The primary key first, so that rows come in its order.
    return sorted(fields, key=lambda field: not field.primary_key)
