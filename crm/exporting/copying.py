"""Writes an export as CSV by COPY of PostgreSQL, whose bytes are those of ``CsvWriter``."""

from collections.abc import Callable, Sequence
from typing import IO, Any

from django.db import connection
from django.db.models import F, QuerySet

from crm.database.statements import CompiledSql
from crm.exporting.formats import ExportFormat
from crm.exporting.sources import ExportSource
from crm.exporting.sql_cells import CustomFieldText, cell_text, compiled, is_text, spreadsheet_safe
from crm.records.row_import import CUSTOM_FIELD

#: Rows between two reports of the progress, and two writes to the file.
STEP = 2_000


def copy_statement(
    source: ExportSource, rows: QuerySet[Any], headings: Sequence[str], file_format: ExportFormat
) -> CompiledSql | None:
    """Return the query of all cells by id; None if the rows have to be read by Python."""
    # A single empty cell is quoted by Python, and one of "\\." by PostgreSQL.
    if connection.vendor != "postgresql" or file_format != ExportFormat.CSV or len(headings) < 2:
        return None
    own = source.expressions()
    annotations = {
        name: CustomFieldText(name[len(CUSTOM_FIELD) :]) if name.startswith(CUSTOM_FIELD) else own[name]
        for name in headings
        if name.startswith(CUSTOM_FIELD) or name in own
    }
    related = [name for name in headings if name not in annotations]
    joined = source.joined(source.keys_of(rows), related) if related else ()
    if joined is None:
        return None
    columns = {name: f"cell_{number}" for number, name in enumerate(annotations)}
    named = {columns[name]: expression for name, expression in annotations.items()}
    base = rows.order_by().annotate(row_key=F("pk"), **named).values("row_key", *named)
    text, parameters = compiled(base)
    tables, cells = [f"({text}) AS own"], {}
    for name, column in columns.items():
        field = base.query.annotations[column].output_field
        own_column = f"own.{column}"
        cells[name] = _written(own_column) if is_text(field) else cell_text(own_column, field)
    for number, part in enumerate(joined):
        text, further = part.query
        tables.append(f"LEFT JOIN ({text}) AS part_{number} ON part_{number}.row_key = own.row_key")
        parameters += further
        cells |= {name: _written(f"part_{number}.{part.columns[name]}") for name in part.columns}
    listed = ", ".join(cells.get(name, "NULL") for name in headings)
    text = f"SELECT {listed} FROM {' '.join(tables)} ORDER BY own.row_key"  # noqa: S608 - compiled parts
    return text, parameters


def _written(column: str) -> str:
    # An empty text would be written as "".
    return f"NULLIF({spreadsheet_safe(column)}, '')"


def copy_rows(statement: CompiledSql, file: IO[bytes], on_batch: Callable[[int], None]) -> int:
    """Write the rows of a query as lines of CSV; return how many."""
    text, parameters = statement
    rows = 0
    # psycopg fills in the parameters: COPY takes none.
    copying = f"COPY ({text}) TO STDOUT WITH (FORMAT csv)"
    lines: list[bytes] = []
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.cursor.copy(copying, parameters) as copy,
    ):
        for line in copy:
            # One row each, as libpq reads them; PostgreSQL ends lines without a carriage return.
            lines.append(line[:-1])
            if len(lines) == STEP:
                rows += _write(file, lines)
                on_batch(rows)
        rows += _write(file, lines)
    return rows


def _write(file: IO[bytes], lines: list[bytes]) -> int:
    number = len(lines)
    if lines:
        file.write(b"\r\n".join(lines) + b"\r\n")
        lines.clear()
    return number
