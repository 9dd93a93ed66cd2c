"""The interface of a table: its columns, its rows, and what was recognised of its file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crm.importing.files.options import MOST_COLUMNS, FileRefused

#: Words with which a row of sums begins.
TOTALS = frozenset(
    {
        *(
            "total",
            "totals",
            "grand total",
            "subtotal",
            "sum",
            "summe",
            "gesamt",
            "gesamtsumme",
            "zwischensumme",
        ),
        *("somme", "suma", "totale", "totaal", "totalt", "итого", "всего", "合計", "总计"),
    }
)


#: A table with as many columns has no row of one cell, if a blank line stands before it.
FEWEST_COLUMNS = 3


class Plain(str):
    """A cell that is a number in its file: its text has a decimal point, whatever people write."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """The cells of one record, one for each column, and the line on which it begins.

    ``faults`` are sentences on cells that cannot be read, by the position of their column; ``left_out`` says
    why the row is no record.
    """

    line: int
    cells: Sequence[str]
    faults: Mapping[int, str] = field(default_factory=dict)
    left_out: str | None = None


#: A row as its format has it: line, cells, faults.
RawRow = tuple[int, list[str], Mapping[int, str]]


@dataclass(frozen=True, kw_only=True)
class Description:
    """The format of a file as it was recognised; None for what the format does not have."""

    format: str
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    sheet: str | None = None
    is_compressed: bool = False

    def __str__(self) -> str:
        sign = {"\t": "tab", None: ""}.get(self.delimiter, self.delimiter)
        parts = [
            f"{self.format}{' in gzip' if self.is_compressed else ''}",
            f"encoding {self.encoding}" if self.encoding else "",
            f"delimiter {sign}" if sign else "",
            f'sheet "{self.sheet}"' if self.sheet else "",
            f"header in line {self.header_row}" if self.header_row else "",
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file as a table. Its rows can be read again and again, each time from the first."""

    description: Description
    columns: Sequence[str]
    raw_rows: Callable[[], Iterator[RawRow]]
    #: Whether the columns are those of a header: a row may then have more or fewer cells.
    has_header: bool = True

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header, in constant memory; blank ones are passed over.

        :raises FileRefused: where the file cannot be read on.
        """
        before: Row | None = None
        is_below = False
        for line, cells, faults in self.raw_rows():
            if not faults and not any(cell.strip() for cell in cells):
                is_below = True
                continue
            if before is not None:
                yield before
            is_below = is_below and self._is_remark(cells)
            before = self._fitted(line, cells, faults, is_below=is_below)
        if before is not None and before.left_out is None:
            before = self._fitted(before.line, before.cells, before.faults, is_last=True)
        if before is not None:
            yield before

    def _is_remark(self, cells: Sequence[str]) -> bool:
        """Return whether a line that follows a blank one is no row: reports end with such lines."""
        return self.has_header and len(cells) == 1 and len(self.columns) >= FEWEST_COLUMNS

    def _fitted(
        self,
        line: int,
        cells: Sequence[str],
        faults: Mapping[int, str],
        *,
        is_last: bool = False,
        is_below: bool = False,
    ) -> Row:
        width = len(self.columns)
        beyond = next((place for place in range(width, len(cells)) if cells[place].strip()), None)
        if beyond is not None:
            wrong = (
                f"{len(cells)} cells, but {width} columns: column {beyond + 1} has {shown(cells[beyond])}."
            )
            faults = {**faults, width: wrong}
        fitted = [*cells[:width], *[""] * (width - len(cells))]
        left_out = _why_total(fitted, is_last=is_last) if self.has_header else None
        # Files that were put together hold their header several times.
        if self.has_header and width > 1 and fitted[0] == self.columns[0] and fitted == [*self.columns]:
            left_out = "The titles again: the line is left out."
        if is_below:
            left_out = f"{shown(cells[0])}: a line below the table is left out."
        return Row(line=line, cells=fitted, faults=faults, left_out=left_out)


def _why_total(cells: Sequence[str], *, is_last: bool) -> str | None:
    filled = [cell.strip() for cell in cells if cell.strip()]
    word = filled[0].rstrip(":").casefold() if filled else ""
    if word not in TOTALS or len(cells) < 2 or len(filled) == len(cells):
        return None
    sums = [cell for cell in filled[1:] if any(sign.isdigit() for sign in cell)]
    # A person or an organization may be named so: above the end only the bare word counts.
    if len(filled) == 1 or (is_last and len(sums) == len(filled) - 1):
        return f"{filled[0]}: a row of totals is left out."
    return None


def check_columns(columns: Sequence[str], *, line: int) -> None:
    """Refuse a table that is too wide."""
    if len(columns) > MOST_COLUMNS:
        raise FileRefused(f"Line {line}: {len(columns):,} columns, but a file has {MOST_COLUMNS:,} at most.")


def shown(cell: str, *, most: int = 40) -> str:
    """Return a cell as messages quote it."""
    text = " ".join(cell.split())
    return f"'{text if len(text) <= most else text[: most - 1] + '…'}'"
