"""Connections that are kept for the next call in a thread."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection


@pytest.fixture
def pooled(transactional_db: None) -> Iterator[None]:
    """Keep connections in a pool: each call in a thread would open one, which costs more than its query."""
    if connection.vendor != "postgresql":
        yield
        return
    database: Any = connection
    database.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(database.settings_dict["OPTIONS"], "pool", {"min_size": 0, "max_size": 20})
        yield
        database.close()
        database.close_pool()
