"""Deletes many rows in small transactions, so that nobody waits for long."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.db import connection, models, transaction

#: Opens the transaction of one batch; the background work also checks there that it may go on.
Batch = Callable[[], AbstractContextManager[Any]]
#: Rows deleted in one transaction.
SIZE = 1_000


def delete_in_batches(rows: models.QuerySet[Any], *, batch: Batch = transaction.atomic) -> int:
    """Delete the rows of a query set, without waiting for those that others have locked; return how many."""
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    deleted = 0
    while True:
        with batch():
            # In no order: for the last old rows, the primary key's index would be read to its end.
            keys = list(rows.order_by().values_list("pk", flat=True)[:SIZE])
            rows.model._base_manager.filter(pk__in=keys).delete()
        deleted += len(keys)
        if len(keys) < SIZE:
            return deleted
