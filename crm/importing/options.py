"""The options of an import of a file, in a form that a job can keep."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from crm.importing.files.options import FileOptions, FileRefused

NameOrder = Literal["first-last", "last-first"]
NAME_ORDERS: tuple[NameOrder, ...] = ("first-last", "last-first")
#: Parts of a date as people write them, and as Python does. Longer ones first.
_DATE_PARTS = {"YYYY": "%Y", "MMMM": "%B", "MMM": "%b", "YY": "%y", "MM": "%m", "DD": "%d"}


class MappingRefused(FileRefused):
    """Raised for an option about columns that cannot be followed; the file itself may be fine."""


@dataclass(frozen=True, kw_only=True)
class ColumnOptions:
    """Which fields the columns mean, and how their cells are written.

    ``columns`` are fields by the position of the column from 1, ``titles`` fields by title; None leaves a
    column out. ``split`` stands between several values of a cell, ``split_columns`` does by field or title.
    ``date_format`` is one of ``strptime``. ``constants`` are texts by field, the same in each row. ``source``
    is the product that external ids are from. ``saved_columns`` and ``saved_titles`` are those of a saved
    mapping: the others come first, and a file need not have them. Where ``column_titles`` has the title that
    a saved column had, it counts for no other.
    """

    columns: Mapping[int, str | None] = field(default_factory=dict)
    titles: Mapping[str, str | None] = field(default_factory=dict)
    ignore_rest: bool = False
    split: str | None = None
    split_columns: Mapping[str, str] = field(default_factory=dict)
    name_order: NameOrder | None = None
    null_markers: Sequence[str] = ()
    date_format: str | None = None
    decimal: str | None = None
    source: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    saved_columns: Mapping[int, str | None] = field(default_factory=dict)
    saved_titles: Mapping[str, str | None] = field(default_factory=dict)
    column_titles: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """All that a person says about a file."""

    file: FileOptions = field(default_factory=FileOptions)
    columns: ColumnOptions = field(default_factory=ColumnOptions)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        columns = dict(values.get("columns", {}))
        # The keys of JSON are texts.
        for by_number in ("columns", "saved_columns", "column_titles"):
            columns[by_number] = {int(place): name for place, name in columns.get(by_number, {}).items()}
        return cls(file=FileOptions(**values.get("file", {})), columns=ColumnOptions(**columns))


def date_format_of(text: str) -> str:
    """Return a format such as ``DD.MM.YYYY``, or one of ``strptime``, as ``strptime`` takes it.

    :raises MappingRefused: if it names no day, month or year.
    """
    pattern = text
    if "%" not in text:
        pattern = re.sub("|".join(_DATE_PARTS), lambda found: _DATE_PARTS[found[0]], text)
    parts = set(re.findall(r"%([A-Za-z])", pattern))
    if not (parts & {"Y", "y"} and parts & {"m", "b", "B"} and "d" in parts) or parts - set("YymbBdHMSIpfz"):
        raise MappingRefused(f"{text} is no form of a date: write it as DD.MM.YYYY or MM/DD/YYYY.")
    return pattern
