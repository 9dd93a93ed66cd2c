"""Reads the cells of a row as values of fields: dates, decimals, names, several values, and none at all."""

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress

from crm.importing.apostrophes import APOSTROPHE, NULL_MARKERS
from crm.importing.cell_values import (
    YEARLESS_DAY,
    forms_of_day,
    has_comma_between,
    has_decimal_comma,
    read_day,
    read_decimal,
    read_moment,
)
from crm.importing.columns import ColumnMapping
from crm.importing.currency_signs import SignedAmount, signed_amount
from crm.importing.files.options import FileRefused
from crm.importing.files.rows import Plain, Row, shown
from crm.importing.full_names import parted_name
from crm.importing.options import ColumnOptions, date_format_of
from crm.importing.record_values import NO_PRODUCT
from crm.importing.titles import FULL_NAME
from crm.records.row_import import MOST_REPEATED, Columns

ROW = "__all__"
AMOUNT, CURRENCY = "amount", "currency"
#: The place of a value that is in no column.
NO_PLACE = -1
#: What looks like an e-mail address, between signs that may part several.
_ADDRESSES = re.compile(r"(?<![^\s;,|/])[^\s;,|/@]+@[^\s;,|/@]+(?![^\s;,|/])")
Faults = dict[str, str]


class CellReader:
    """Turns rows into fields and texts.

    :param dates: the fields that hold days, custom ones included; ``decimals`` those that hold numbers.
    """

    def __init__(
        self,
        mapping: ColumnMapping,
        columns: Columns,
        options: ColumnOptions,
        *,
        dates: Collection[str] = (),
        decimals: Collection[str] = (),
    ) -> None:
        self._mapping = mapping
        self._columns = columns
        self._options = options
        self._date_format = date_format_of(options.date_format) if options.date_format else None
        self._null = NULL_MARKERS | frozenset(options.null_markers)
        self._dates = frozenset(dates) | frozenset(columns.dates)
        self._moments = frozenset(columns.moments)
        self._external_ids = frozenset(name for name in columns.known if name.endswith("external_id"))
        self._decimals = frozenset(decimals) | frozenset(columns.decimals)
        named = [(place, name) for place, name in enumerate(mapping.fields) if name is not None]
        #: Most columns are texts that stay as they are: what takes longer is asked of the others alone.
        self._plain = [(place, name) for place, name in named if self._is_plain(place, name)]
        self._others = [pair for pair in named if pair not in self._plain]

        #: Columns whose cells may stop the file: those without a title, and dates in an unknown form.
        self._doubtful = [
            (place, title, name)
            for place, (title, name) in enumerate(zip(mapping.titles, mapping.fields, strict=True))
            if (name in self._dates | self._moments and self._date_format is None)
            or (name in self._dates and not options.ignore_rest)
            or (
                name is None
                and not title.strip()
                and not options.ignore_rest
                and place + 1 not in options.columns
            )
        ]

    def why_left_out(self, row: Row) -> str | None:
        """Return why a row is no record; None for most."""
        for place, values in self._mapping.left_out.items():
            if row.cells[place].strip().casefold() in values:
                return f"{self._mapping.titles[place]} is {row.cells[place].strip()}: the row is left out."
        return row.left_out

    def read(self, row: Row) -> tuple[dict[str, str], Faults]:
        """Return the texts of a row by field without blank ones, and sentences on cells that are wrong."""
        cells: dict[str, str] = {}
        faults: Faults = {}
        signed: SignedAmount | None = None
        for place, said in row.faults.items():
            name = self._mapping.fields[place] if place < len(self._mapping.fields) else ROW
            # What is not stored need not be readable.
            if name is not None:
                faults[name] = said
        for place, name in self._plain:
            cell = row.cells[place]
            if cell and (text := self._text(cell)):
                cells[name] = text
        for place, name in self._others:
            text = self._text(row.cells[place])
            if name == AMOUNT and CURRENCY in self._columns.known:
                signed = signed_amount(text.strip())
                text = signed.number if signed else text
            if text.strip():
                self._set(place, name, text, cells, faults)
        for name, places in self._mapping.compose.items():
            parts = [self._text(row.cells[place]).strip() for place in places]
            # A calling code without its number is no phone.
            if parts[-1] if name in self._columns.repeated else any(parts):
                cells[name] = " ".join(filter(None, parts))
        for name, text in self._mapping.constants.items():
            self._set(NO_PLACE, name, text, cells, faults)
        if signed is not None:
            _settle_currency(signed, cells, faults)
        if self._external_ids & cells.keys():
            cells.setdefault("external_source", self._mapping.source or NO_PRODUCT)
        return cells, faults

    def check(self, row: Row) -> None:
        """Refuse the file at a cell that only a person can explain: what it holds must not be guessed.

        :raises FileRefused: at a date in a form that nobody named, or a cell under no title.
        """
        for place, title, name in self._doubtful:
            cell = row.cells[place].strip()
            if not cell:
                continue
            if name is None:
                raise FileRefused(
                    f"Line {row.line}: column {place + 1} has no title, but holds {shown(cell)}."
                    f" Name its field: --column {place + 1}=FIELD, or leave it out: --ignore-rest"
                )
            if YEARLESS_DAY.fullmatch(cell) and not self._options.ignore_rest:
                raise FileRefused(
                    f"Line {row.line}: {title}: {shown(cell)} is a day without a year, which no field takes."
                    " Leave such days and unknown columns out: --ignore-rest"
                )
            if self._date_format is not None:
                continue
            forms = forms_of_day(cell) if self._text(cell) else []
            if not forms and name in self._moments and self._text(cell):
                # The day before a time.
                forms = forms_of_day(cell.split()[0].rstrip(","))
            if forms:
                raise FileRefused(
                    f"Line {row.line}: {title}: {shown(cell)} is no date as 2026-12-31. Say how dates are"
                    f" written: {' or '.join(f'--date-format {form}' for form in forms)}"
                )

    def _is_plain(self, place: int, name: str) -> bool:
        base = name.rpartition("_")[0] if name.rpartition("_")[2].isdigit() else name
        return not (
            place in self._mapping.separators
            or place in self._mapping.quoted_lists
            or name in self._dates
            or name in self._moments
            or name in self._decimals
            or name == FULL_NAME
            or base == "email"
            # The parts of another cell may take this column's place.
            or (base in self._columns.repeated and self._mapping.separators)
        )

    def _text(self, cell: str) -> str:
        """Return a cell without what spreadsheets add; empty for one that says "nothing"."""
        shown_text = cell.strip()
        if not shown_text or shown_text in self._null:
            return ""
        return cell[1:] if APOSTROPHE.match(cell) else cell

    def _set(self, place: int, name: str, text: str, cells: dict[str, str], faults: Faults) -> None:
        if place in self._mapping.quoted_lists:
            cells[name] = ";".join(_quoted(text))
        elif place in self._mapping.separators:
            parts = [part.strip() for part in text.split(self._mapping.separators[place]) if part.strip()]
            if name == "tags":
                cells[name] = ";".join(parts)
            else:
                self._set_several(name, parts, cells, faults)
        elif name == FULL_NAME:
            cells.update(parted_name(text, self._columns.names, self._options.name_order or "first-last"))
        elif name in self._dates or name in self._moments:
            self._set_date(name, text, cells, faults)
        elif name in self._decimals:
            self._set_decimal(name, text, cells, faults)
        elif name.split("_")[0] == "email" and len(_ADDRESSES.findall(text)) > 1:
            faults[name] = f"Several addresses in one cell: say what parts them, such as --split {name}=';'"
        else:
            # Another cell that was parted may have taken this column's place.
            self._set_several(name, [text] if name in cells else [], cells, faults)
            cells.setdefault(name, text)

    def _set_several(self, name: str, parts: list[str], cells: dict[str, str], faults: Faults) -> None:
        free = self._free(name, cells)
        for part in parts:
            place = next(free, None)
            if place is None:
                faults[name] = f"More than {MOST_REPEATED} values: leave some out."
                return
            cells[place] = part

    def _free(self, name: str, cells: Mapping[str, str]) -> Iterator[str]:
        base = name.rpartition("_")[0] if name.rpartition("_")[2].isdigit() else name
        numbered = [base, *(f"{base}_{number}" for number in range(2, MOST_REPEATED + 1))]
        yield from [place for place in numbered[numbered.index(name) :] if place not in cells]

    def _set_date(self, name: str, text: str, cells: dict[str, str], faults: Faults) -> None:
        if YEARLESS_DAY.fullmatch(text.strip()) and self._options.ignore_rest:
            return
        cells[name] = text.strip()
        if self._date_format is not None:
            try:
                read = read_moment if name in self._moments else read_day
                cells[name] = read(text.strip(), self._date_format)
            except ValueError:
                faults[name] = f"{shown(text)} is no date as --date-format {self._options.date_format} says."

    def _set_decimal(self, name: str, text: str, cells: dict[str, str], faults: Faults) -> None:
        number, sign = text.strip(), self._options.decimal
        cells[name] = text
        if sign is None and has_comma_between(number):
            # A point stands before decimals unless somebody says otherwise.
            sign = "."
        if sign is None and has_decimal_comma(number):
            faults[name] = (
                f"{shown(number)} may be two numbers: say which sign stands before decimals,"
                " --decimal , or --decimal ."
            )
        # A number of the file itself has a point, whatever its texts have.
        elif sign is not None and not isinstance(text, Plain):
            try:
                cells[name] = read_decimal(number, sign)
            except ValueError:
                faults[name] = f"{shown(number)} is no number whose decimals stand after '{sign}'."


def _settle_currency(amount: SignedAmount, cells: dict[str, str], faults: Faults) -> None:
    """Have the currency of a row be that of its amount, and refuse a row that says two."""
    typed, chosen = amount.sign, cells.get(CURRENCY, "").strip().upper()
    if chosen:
        if chosen not in amount.currencies:
            faults[AMOUNT] = f"The amount is in {typed}, and the currency is {chosen}: choose one of them."
    elif amount.currency is not None:
        cells[CURRENCY] = amount.currency
    else:
        example = "USD" if "USD" in amount.currencies else min(amount.currencies)
        faults[AMOUNT] = f"{typed} may be several currencies: say which, such as --set currency={example}."


def _quoted(text: str) -> list[str]:
    """Return the values of a cell such as ``"VIP","Blog"``."""
    with suppress(csv.Error):
        return [part.strip() for part in next(csv.reader([text], skipinitialspace=True)) if part.strip()]
    return [text]
