"""The program that reads an XLSX file, in a process of its own: a malicious file cannot exhaust our memory.

Reads the file on standard input and writes a line of JSON for each row: ``[line, cells, faults]``, numbers as
numbers. Formulas are never evaluated. Imports nothing of the product, so that it starts fast and isolated.
"""

import io
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

#: Exit codes.
TOO_LARGE, NO_ROOM, SEVERAL_SHEETS, NO_SUCH_SHEET, ENCRYPTED = 3, 4, 5, 6, 7
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
NO_RESULT = "Cell {} holds a formula without its result: open the file in a spreadsheet and save it again."
FAILED = "Cell {} holds the error {}."
#: What a spreadsheet writes for "not available" is an empty cell.
NOT_AVAILABLE = "#N/A"


def main(sheet_name: str, rows: int, columns: int, memory: int, cpu: int) -> None:
    """Write the rows of a sheet; of the only one with data, if none is named."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(sys.stdin.buffer)
    except PasswordError:
        sys.exit(ENCRYPTED)
    sheets = [meta for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
    if sheet_name:
        names = [meta.name for meta in sheets if meta.name == sheet_name]
        if not names:
            _end(NO_SUCH_SHEET, [meta.name for meta in sheets])
    else:
        visible = [meta.name for meta in sheets if meta.visible == SheetVisibleEnum.Visible]
        names = [name for name in visible if book.get_sheet_by_name(name).end is not None]
        if len(names) > 1:
            _end(SEVERAL_SHEETS, names)
        if not names:
            _write(sheet_name)
            return
    sheet = book.get_sheet_by_name(names[0])
    if sheet.end is not None and (sheet.end[0] > rows or sheet.end[1] >= columns):
        sys.exit(TOO_LARGE)
    faults = _faults(sys.stdin.buffer, names[0])
    left = sheet.start[1] if sheet.start else 0
    _write(names[0])
    for line, cells in enumerate(sheet.iter_rows(), 1):
        texts = [_text(cell) for cell in cells]
        while texts and texts[-1] == "":
            texts.pop()
        if texts or line in faults:
            # Columns before the first filled one are cells, too: their letters count.
            _write([line, [""] * left + texts, faults.get(line, {})])


def _end(code: int, names: list[str]) -> None:
    _write(names)
    sys.stdout.flush()
    sys.exit(code)


def _write(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


def _text(cell: Any) -> str | int | float:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() else cell
    if isinstance(cell, int):
        return cell
    return str(cell.isoformat()) if hasattr(cell, "isoformat") else str(cell)


def _faults(file: Any, sheet_name: str) -> dict[int, dict[int, str]]:
    """Return sentences on cells that have no value but a formula or an error, by line and column from 0."""
    faults: dict[int, dict[int, str]] = {}
    with zipfile.ZipFile(file) as archive:
        path = _path_of(archive, sheet_name)
        if path is None or not _has_faults(archive, path):
            return faults
        for cell, has_formula, value, is_error in _cells(archive, path):
            found = _CELL.fullmatch(cell)
            if found is None or not (is_error or (has_formula and not value)):
                continue
            if is_error and value == NOT_AVAILABLE:
                continue
            said = FAILED.format(cell, value) if is_error and value else NO_RESULT.format(cell)
            column = 0
            for letter in found.group(1):
                column = column * 26 + ord(letter) - ord("A") + 1
            faults.setdefault(int(found.group(2)), {})[column - 1] = said
    return faults


def _has_faults(archive: zipfile.ZipFile, path: str) -> bool:
    """Return whether a sheet has formulas or errors at all: most have none, and need no second reading."""
    end = b""
    with archive.open(path) as part:
        while piece := part.read(1 << 20):
            piece = end + piece
            if b"<f>" in piece or b"<f " in piece or b"<f/" in piece or b't="e"' in piece:
                return True
            end = piece[-8:]
    return False


def _path_of(archive: zipfile.ZipFile, sheet_name: str) -> str | None:
    """Return the part of the archive that holds a sheet."""
    keys = [
        found.get("http://schemas.openxmlformats.org/officeDocument/2006/relationships id")
        for name, found in _elements(archive, "xl/workbook.xml")
        if name.endswith("main sheet") and found.get("name") == sheet_name
    ]
    for name, found in _elements(archive, "xl/_rels/workbook.xml.rels"):
        if name.endswith("Relationship") and keys and found.get("Id") == keys[0]:
            target = str(found["Target"])
            return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    return None


def _elements(archive: zipfile.ZipFile, path: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda name, attributes: found.append((name, attributes))
    parser.Parse(archive.read(path), True)
    return found


def _cells(archive: zipfile.ZipFile, path: str) -> Iterator[tuple[str, bool, str, bool]]:
    """Yield the place of each cell, whether it has a formula, its value, and whether that is an error."""
    done: list[tuple[str, bool, str, bool]] = []
    cell: dict[str, Any] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(" ")[2]
        if name == "c":
            kind = attributes.get("t")
            # The result of a formula may be an empty text, which is then declared as one.
            cell.update(
                place=attributes.get("r", ""), error=kind == "e", f=False, text=kind == "str", value=""
            )
        cell["in"] = name
        if name == "f":
            cell["f"] = not cell["text"]

    def data(text: str) -> None:
        if cell.get("in") in ("v", "t"):
            cell["value"] += text

    def end(name: str) -> None:
        cell["in"] = ""
        if name.rpartition(" ")[2] == "c":
            done.append((cell["place"], cell["f"], cell["value"], cell["error"]))

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, data
    with archive.open(path) as part:
        while piece := part.read(1 << 16):
            parser.Parse(piece, False)
            yield from done
            done.clear()


if __name__ == "__main__":
    try:
        with io.TextIOWrapper(sys.stdout.buffer, "utf-8", newline="\n", write_through=False) as sys.stdout:
            main(sys.argv[1], *map(int, sys.argv[2:]))
    except OSError:
        sys.exit(NO_ROOM)
