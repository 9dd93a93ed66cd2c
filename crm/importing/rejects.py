"""The file of refused rows: that of the import with three columns in front, and loadable once corrected."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from crm.importing.files.rows import RawRow, Table
from crm.models.imports import ImportJob, ImportRow, RowAction

#: The columns that say which row it was and why it was refused; an import passes over them.
MARKS = ("_row", "_code", "_error")
REFUSED = (RowAction.REJECT, RowAction.CONFLICT)


def refused_rows(job: ImportJob) -> Iterator[ImportRow]:
    """Yield the entries of the refused rows of a job, in order and in constant memory."""
    rows = ImportRow.objects.filter(job=job, action__in=REFUSED).only("number", "code", "message")
    return rows.order_by("number").iterator(chunk_size=500)


def write_rejects(table: Table, refused: Iterable[ImportRow], file: BinaryIO) -> int:
    """Write the refused rows of a table with their cells unchanged; return how many.

    The delimiter and the encoding are those of the table's file; other formats become CSV in UTF-8.
    """
    found = table.description
    encoding = found.encoding or "utf-8"
    # With a mark at the start, as the file had one.
    encoding = "utf-16" if encoding.lower().startswith("utf-16") else encoding
    text = io.TextIOWrapper(file, encoding=encoding, newline="", write_through=True)
    writer = csv.writer(text, delimiter=found.delimiter or ",", lineterminator="\n")
    writer.writerow([*MARKS, *table.columns])
    count = 0
    raw_rows = table.raw_rows()
    for row in refused:
        cells = next((cells for line, cells, _ in raw_rows if line == row.number), None)
        if cells is None:
            break
        writer.writerow([row.number, row.code, row.message, *cells])
        count += 1
    text.flush()
    # The caller closes the file.
    text.detach()
    return count


def write_input_rejects(
    inputs: Sequence[Mapping[str, Any]],
    refused: Iterable[ImportRow],
    file: BinaryIO,
    as_row: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> None:
    """Write the refused ones of rows that were given as inputs of the API, as JSON Lines.

    :param as_row: returns an input with the keys of a file.
    """
    for row in refused:
        marks = dict(zip(MARKS, (row.number, row.code, row.message), strict=True))
        line = {**marks, **as_row(inputs[row.number - 1])}
        file.write(json.dumps(line, ensure_ascii=False).encode(errors="replace") + b"\n")


def without_marks(table: Table) -> Table:
    """Return a table of refused rows as that of the file that it was made of; any other one as it is.

    Their positions are those of the first file too, so that the same options fit.
    """
    width = len(MARKS)
    if tuple(title.strip() for title in table.columns[:width]) != MARKS:
        return table

    def raw_rows() -> Iterator[RawRow]:
        for line, cells, faults in table.raw_rows():
            yield (
                line,
                cells[width:],
                {place - width: said for place, said in faults.items() if place >= width},
            )

    return replace(table, columns=table.columns[width:], raw_rows=raw_rows)
