"""Read every row of the product, and count the rows that were written."""

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo at the end whatever is written within."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def models() -> list[type[Model]]:
    return [model for app in APPS for model in apps.get_app_config(app).get_models(include_auto_created=True)]


def read_all() -> State:
    """Read every row of every table of the product."""
    state: State = {}
    with connection.cursor() as cursor:
        for model in models():
            columns = ", ".join(connection.ops.quote_name(field.column) for field in columns_of(model))
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT {columns} FROM {table} ORDER BY 1")
            # JSON comes as text here and as objects there: both can be compared as they are.
            state[model._meta.db_table] = cursor.fetchall()
    return state


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
    # The primary key first, so that rows come in its order.
    return sorted(model._meta.concrete_fields, key=lambda field: not field.primary_key)
