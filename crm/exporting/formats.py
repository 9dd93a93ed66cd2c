"""The formats of exports, each written row by row."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import IO, Protocol
from uuid import UUID
from xml.sax.saxutils import escape

from django.core.exceptions import ValidationError

from crm.exporting.safety import import_safe, spreadsheet_safe

#: Rows of a sheet of the format, its header included.
MOST_SHEET_ROWS = 1_048_576
#: Characters of a cell of the format.
LONGEST_CELL = 32_767
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class ExportFormat(StrEnum):
    """The format of an exported file."""

    CSV = "CSV"
    XLSX = "XLSX"
    JSONL = "JSONL"

    @property
    def content_type(self) -> str:
        return _TYPES[self]


_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.JSONL: "application/jsonl",
}


class Writer(Protocol):
    """Writes the rows of one export in its format."""

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Write rows whose cells are in the order of the headings."""

    def close(self) -> None:
        """Write what ends the file; the file itself stays open."""


def shown(value: object) -> str:
    """Return the text of a cell that is no text itself."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, UUID | int):
        return str(value)
    raise TypeError(f"A cell holds {type(value).__name__}.")


class CsvWriter:
    def __init__(self, file: IO[bytes], headings: Sequence[str]) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        self._csv = csv.writer(self._text)
        self.write([headings])

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        self._csv.writerows(_cells(rows, spreadsheet_safe))

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


class JsonLinesWriter:
    """One object a row, without its empty cells."""

    def __init__(self, file: IO[bytes], headings: Sequence[str]) -> None:
        self._file, self._headings = file, headings

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        for cells in _cells(rows, import_safe):
            given = {name: cell for name, cell in zip(self._headings, cells, strict=True) if cell}
            self._file.write(json.dumps(given, ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        pass


class SheetWriter:
    """A workbook of one sheet, whose cells are all texts: a date or number would be shown in another form."""

    def __init__(self, file: IO[bytes], headings: Sequence[str]) -> None:
        self._book = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        for name, content in _PARTS.items():
            self._book.writestr(name, content)
        self._sheet = self._book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True)
        self._sheet.write(_SHEET_BEGIN.encode())
        self._rows = 0
        self.write([headings])

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        lines = [_sheet_row(cells) for cells in _cells(rows, spreadsheet_safe)]
        self._rows += len(lines)
        if self._rows > MOST_SHEET_ROWS:
            raise ValidationError(
                {"format": [f"A sheet holds {MOST_SHEET_ROWS - 1:,} rows: export as CSV, or fewer rows."]}
            )
        self._sheet.write("".join(lines).encode())

    def close(self) -> None:
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()
        self._book.close()


def _sheet_row(cells: Sequence[str]) -> str:
    return f"<row>{''.join(map(_sheet_cell, cells))}</row>"


def _sheet_cell(text: str) -> str:
    if not text:
        return "<c/>"
    if len(text) > LONGEST_CELL:
        said = f"A cell of a sheet holds {LONGEST_CELL:,} characters, and a text is longer: export as CSV."
        raise ValidationError({"format": [said]})
    # A carriage return would be read as a line feed.
    inner = escape(_NOT_IN_XML.sub("", text), {"\r": "&#13;"})
    return f'<c t="inlineStr"><is><t xml:space="preserve">{inner}</t></is></c>'


def _cells(rows: Iterable[Sequence[object]], safe: Callable[[str], str]) -> Iterable[list[str]]:
    for row in rows:
        yield [(safe(cell) if cell else "") if isinstance(cell, str) else shown(cell) for cell in row]


_SHEET_BEGIN = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<?xml version="1.0" encoding="UTF-8"?><Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_MAIN}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_MAIN}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<?xml version="1.0" encoding="UTF-8"?>'
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    f' xmlns:r="{_DOCUMENT}"><sheets><sheet name="Export" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<?xml version="1.0" encoding="UTF-8"?>'
    f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
    f' Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
WRITERS: dict[ExportFormat, Callable[[IO[bytes], Sequence[str]], Writer]] = {
    ExportFormat.CSV: CsvWriter,
    ExportFormat.JSONL: JsonLinesWriter,
    ExportFormat.XLSX: SheetWriter,
}
