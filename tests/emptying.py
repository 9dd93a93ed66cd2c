"""Empty the database after a test with committed writes by deleting rows instead of truncating tables.

Django truncates every table for that, which on PostgreSQL makes all their files anew however few rows there
are, and then has all content types and permissions made again. Here the rows are deleted, and those two
lists, which follow from the models alone, are left as they are.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction
from django.test import TransactionTestCase
from psycopg.errors import DeadlockDetected

TALLIES = {"crm_tally", "leads_amounttally"}
ATTEMPTS = 3
KEPT = {"auth_permission", "django_content_type"}


def delete_rows(case: Any) -> None:
    """Delete the rows of all tables of a test case's databases, as ``TransactionTestCase`` flushes them."""
    for alias in case._databases_names(include_mirrors=False):
        connection = connections[alias]
        assert not connection.in_atomic_block, "a module with a world of its own has no transactional tests"
        quoted = connection.ops.quote_name
        found = connection.introspection.django_table_names(only_existing=True, include_views=False)
        # The tallies go last: triggers write some of them as the rows go that they count.
        tables = [
            quoted(table) for table in sorted({*found} - KEPT, key=lambda name: (name in TALLIES, name))
        ]
        if connection.vendor == "postgresql":
            _delete_of_postgres(alias, tables)
            continue
        with transaction.atomic(using=alias), connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"DELETE FROM {table}")


def _delete_of_postgres(alias: str, tables: Sequence[str]) -> None:
    # As a truncation does, wait for whoever still writes: nothing is to appear afterwards. A writer that
    # waits for one of these locks while it has another is a deadlock; it is gone the next time.
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
                cursor.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
                cursor.execute("; ".join(f"DELETE FROM {table}" for table in tables))
            return
        except OperationalError as failure:
            if not isinstance(failure.__cause__, DeadlockDetected) or attempt == ATTEMPTS - 1:
                raise


@pytest.fixture(autouse=True, scope="session")
def _rows_are_deleted() -> Any:
    """Have transactional tests end so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", delete_rows)
        yield
