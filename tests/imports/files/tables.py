"""Reads contents as tables, for tests."""

import gzip
import io
from typing import Any

import pytest

from crm.importing.files.options import FileOptions, FileRefused
from crm.importing.files.table import open_table

KNOWN = {"firstname", "lastname", "email", "phone"}


def table_of(content: bytes, *, known: set[str] = KNOWN, **options: Any) -> tuple[str, list[str], list[Any]]:
    """Return what was recognised of a file, its columns, and its rows as lines and cells."""
    with open_table(io.BytesIO(content), FileOptions(**options), is_known=known.__contains__) as table:
        rows = [(row.line, list(row.cells)) for row in table.rows()]
        return str(table.description), list(table.columns), rows


def rows_of(content: bytes, **options: Any) -> list[Any]:
    return table_of(content, **options)[2]


def faults_of(content: bytes, **options: Any) -> list[Any]:
    """Return the lines of rows that have faults or are left out, with why."""
    with open_table(io.BytesIO(content), FileOptions(**options), is_known=KNOWN.__contains__) as table:
        return [
            (row.line, dict(row.faults), row.left_out) for row in table.rows() if row.faults or row.left_out
        ]


def refusal_of(content: bytes, **options: Any) -> str:
    with pytest.raises(FileRefused) as refused:
        table_of(content, **options)
    return str(refused.value)


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
