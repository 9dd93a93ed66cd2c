"""Reads JSON Lines: one object a line, its keys the titles."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from crm.importing.files.options import LONGEST_CELL, MOST_COLUMNS, FileRefused
from crm.importing.files.rows import Description, Plain, RawRow, Table
from crm.importing.files.texts import TextFile

#: Keys whose list is one cell, as people type tags.
JOINED = {"tags": ";"}
DEEPEST = 8


def json_lines_table(text: TextFile) -> Table:
    """Return a file of JSON objects as a table.

    The keys of all objects are its columns. An object in an object becomes ``outer.inner``; the further items
    of a list become ``key_2``, ``key_3`` and so on.

    :raises FileRefused: at a line that is no object.
    """
    columns: dict[str, int] = {}
    for line, cells in _objects(text):
        for title in cells:
            columns.setdefault(title, len(columns))
        if len(columns) > MOST_COLUMNS:
            raise FileRefused(f"Line {line}: more than {MOST_COLUMNS:,} different keys.")
    if not columns:
        raise FileRefused("The file is empty; each of its lines is a JSON object.")

    def raw_rows() -> Iterator[RawRow]:
        for line, cells in _objects(text):
            yield line, [cells.get(title, "") for title in columns], {}

    description = Description(format="JSON Lines", encoding=text.encoding)
    return Table(description=description, columns=list(columns), raw_rows=raw_rows, has_header=False)


def _objects(text: TextFile) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(text.lines(), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(
                line.rstrip("\r\n"),
                parse_int=Plain,
                parse_float=Plain,
                parse_constant=_refuse_constant,
                object_pairs_hook=_object,
            )
        except json.JSONDecodeError as error:
            raise FileRefused(f"Line {number}: no JSON at character {error.pos + 1}: {error.msg}.") from None
        except (ValueError, RecursionError) as error:
            said = "nested too deep" if isinstance(error, RecursionError) else str(error)
            raise FileRefused(f"Line {number}: {said}.") from None
        if not isinstance(found, dict):
            raise FileRefused(f"Line {number}: JSON Lines holds one object on each line, such as {{...}}.")
        cells: dict[str, str] = {}
        _flatten("", found, cells, number, DEEPEST)
        yield number, cells


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f'the key "{key}" occurs twice')
        found[key] = value
    return found


def _flatten(title: str, value: Any, cells: dict[str, str], line: int, depth: int) -> None:
    if not depth:
        raise FileRefused(f"Line {line}: {title} is nested too deep.")
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(f"{title}.{key}" if title else key, inner, cells, line, depth - 1)
    elif isinstance(value, list):
        if title in JOINED and all(isinstance(item, str) for item in value):
            _set(title, JOINED[title].join(value), cells, line)
            return
        for place, item in enumerate(value, 1):
            _flatten(title if place == 1 else f"{title}_{place}", item, cells, line, depth - 1)
    else:
        _set(title, _text(value), cells, line)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    # Unchanged: a number keeps its class.
    return value if isinstance(value, str) else str(value)


def _set(title: str, text: str, cells: dict[str, str], line: int) -> None:
    if title in cells:
        raise FileRefused(f"Line {line}: two values would be {title}.")
    if len(text) > LONGEST_CELL:
        raise FileRefused(f"Line {line}: a value has {LONGEST_CELL:,} characters at most.")
    try:
        (title + text).encode()
    except UnicodeEncodeError:
        raise FileRefused(f"Line {line}: half of a surrogate pair is no character.") from None
    if "\0" in title + text:
        raise FileRefused(f"Line {line}: there is a NUL character.")
    cells[title] = text
