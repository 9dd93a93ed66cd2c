"""The table that a report page shows, draws and writes as CSV."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from django.utils.formats import number_format
from django.utils.translation import gettext

from crm.admin.money import shown_amount

MOST_LYING_BARS = 20

Value: TypeAlias = str | int | float | Decimal | None


@dataclass(frozen=True)
class Cell:
    """A value, the address of the list of what it counts, and how it is shown if not as it is."""

    value: Value
    address: str = ""
    text: str | None = None

    @property
    def shown(self) -> str:
        if self.text is not None:
            return self.text
        if self.value is None:
            return ""
        return self.value if isinstance(self.value, str) else str(number_format(self.value, use_l10n=True))


@dataclass(frozen=True)
class Bar:
    """One bar of a chart; ``width`` is its length in percent of the longest."""

    label: str
    shown: str
    width: float
    address: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A report: the names of its columns, its rows, and the number of the column that the chart draws."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    charted: int
    #: So many columns name a row.
    naming: int = 1
    note: str = ""
    #: A last row of sums; files have none, so that programs need not leave it out.
    total: Sequence[Cell] = ()

    @property
    def bars(self) -> list[Bar]:
        """The bars of the charted column; none if all of it is zero."""
        values = [_number(row[self.charted]) for row in self.rows]
        longest = max(values, default=0.0)
        if not longest:
            return []
        return [
            Bar(
                " ".join(cell.shown for cell in row[: self.naming]),
                row[self.charted].shown,
                round(100 * value / longest, 2),
                row[self.charted].address,
            )
            for row, value in zip(self.rows, values, strict=True)
        ]

    @property
    def is_series(self) -> bool:
        """Whether there are so many bars that they stand side by side, without their names."""
        return len(self.rows) > MOST_LYING_BARS

    def lines(self) -> Iterable[Sequence[Value]]:
        """Yield the header and the rows for a file."""
        yield self.columns
        for row in self.rows:
            yield [cell.value for cell in row]


def total_of(rows: Sequence[Sequence[Cell]], *columns: int) -> list[Cell]:
    """Return a row of the sums of these columns; the others are empty. One row alone needs none."""
    if len(rows) < 2:
        return []
    sums = {column: sum(int(_number(row[column])) for row in rows) for column in columns}
    return [Cell(gettext("Total")), *(Cell(sums.get(column)) for column in range(1, len(rows[0])))]


def _number(cell: Cell) -> float:
    return float(cell.value) if isinstance(cell.value, int | float | Decimal) else 0.0


def amounts(found: Iterable[tuple[str, Decimal]]) -> Cell:
    """Return the sums of several currencies as one cell."""
    return Cell(", ".join(shown_amount(amount, currency) for currency, amount in found if amount))


def days(median: float | None) -> Cell:
    """Return a number of days as a cell; none is an empty one."""
    return Cell(median, text="" if median is None else number_format(median, 1))
