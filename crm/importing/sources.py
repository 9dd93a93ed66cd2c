"""A file as the records of one kind: opened, its columns mapped, its rows ready to be stored."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from crm.actors import Actor
from crm.importing.cells import CellReader
from crm.importing.columns import ColumnMapping, is_known_title, map_columns
from crm.importing.files.options import Limits
from crm.importing.files.rows import Row, Table
from crm.importing.files.table import open_table
from crm.importing.options import ImportOptions
from crm.importing.rejects import MARKS, without_marks
from crm.models.custom_fields import CustomFieldDefinition, CustomFieldKind
from crm.records.row_import import CUSTOM_FIELD, Imported, RowImport
from crm.texts import name_key


@dataclass(frozen=True, kw_only=True)
class Record:
    """One row of a job: its position in the input, what it holds, how to store it, and its column names.

    ``left_out`` says why a row is no record; it is not stored then.
    """

    number: int
    content: Mapping[str, Any]
    #: Takes ``known``, see ``RowImport.store``.
    store: Callable[..., Imported]
    column_of: Callable[[str], str]
    left_out: str | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """An open file whose columns are understood."""

    table: Table
    mapping: ColumnMapping
    reader: CellReader = field(repr=False)

    def lines(self) -> list[str]:
        """Return what was recognised, in sentences: the form of the file, then its columns."""
        header = self.table.description.header_row
        above = [f"Lines above the header in line {header} are left out."] if header and header > 2 else []
        return [f"{self.table.description}.", *above, *(f"{line}." for line in self.mapping.lines())]

    @property
    def is_plain(self) -> bool:
        """Whether nothing had to be recognised: our own columns in a plain CSV file."""
        found = self.table.description
        plain = (found.format, found.encoding, found.delimiter, found.header_row) == ("CSV", "utf-8", ",", 1)
        return plain and not found.is_compressed and not self.mapping.lines()

    def check(self) -> int:
        """Read the file to its end, and return the number of its rows.

        :raises FileRefused: if it cannot be read, or a cell needs an option to be understood.
        """
        total = 0
        for row in self.table.rows():
            if self.reader.why_left_out(row) is None:
                self.reader.check(row)
            total += 1
        return total

    def records(self, rows: RowImport) -> Iterator[Record]:
        """Yield the rows, in constant memory."""
        for row in self.table.rows():
            yield self._record(row, rows)

    def _record(self, row: Row, rows: RowImport) -> Record:
        cells, faults = self.reader.read(row)
        if faults:
            return Record(
                number=row.line,
                content=cells,
                store=partial(_refuse, faults),
                column_of=str,
                left_out=self.reader.why_left_out(row),
            )
        return Record(
            number=row.line,
            content=cells,
            store=partial(rows.store, cells),
            column_of=partial(rows.column_of, cells=cells),
            left_out=self.reader.why_left_out(row),
        )


@contextmanager
def open_titled(
    file: Any,
    rows: type[RowImport] | RowImport,
    *,
    options: ImportOptions,
    limits: Limits | None = None,
) -> Iterator[Table]:
    """Yield a file as a table whose titles are looked for among those of a kind of records.

    :param file: anything with ``read``.
    :raises FileRefused: if the file cannot be read, with what to do.
    """
    columns, kind = rows.columns, rows.kind

    def is_known(title: str) -> bool:
        return title in MARKS or is_known_title(title, kind, columns, options.columns)

    with open_table(file, options.file, is_known=is_known, limits=limits) as opened:
        yield without_marks(opened)


def source_of(
    table: Table, rows: type[RowImport] | RowImport, *, actor: Actor, options: ImportOptions
) -> Source:
    """Return an open table as a source of records.

    :raises FileRefused: if its columns cannot be understood, with what to do.
    """
    columns, kind = rows.columns, rows.kind
    mapping = map_columns(table.columns, kind, columns, options.columns, file_format=table.description.format)
    typed = _typed_custom_fields(mapping, kind, actor)
    reader = CellReader(
        mapping,
        columns,
        options.columns,
        dates=typed.get(CustomFieldKind.DATE, ()),
        decimals=typed.get(CustomFieldKind.NUMBER, ()),
    )
    return Source(table=table, mapping=mapping, reader=reader)


@contextmanager
def open_source(
    file: Any,
    rows: type[RowImport] | RowImport,
    *,
    actor: Actor,
    options: ImportOptions,
    limits: Limits | None = None,
) -> Iterator[Source]:
    """Yield a file as a source of records, for as long as it is open.

    :param file: anything with ``read``.
    :raises FileRefused: if the file or its header cannot be understood, with what to do.
    """
    with open_titled(file, rows, options=options, limits=limits) as table:
        yield source_of(table, rows, actor=actor, options=options)


def _typed_custom_fields(mapping: ColumnMapping, kind: str, actor: Actor) -> dict[str, set[str]]:
    """Return the columns of a file that are custom fields with a definition, by its kind of values."""
    named = {
        name_key(name.removeprefix(CUSTOM_FIELD)): name
        for name in mapping.fields
        if name is not None and name.startswith(CUSTOM_FIELD)
    }
    typed: dict[str, set[str]] = {}
    if named:
        definitions = CustomFieldDefinition.objects.visible_to(actor).filter(model=kind)
        for key, kind_of_value in definitions.filter(name_key__in=named).values_list("name_key", "kind"):
            typed.setdefault(kind_of_value, set()).add(named[key])
    return typed


def _refuse(faults: dict[str, str], *, known: int | None = None) -> Imported:
    raise ValidationError({name or NON_FIELD_ERRORS: [said] for name, said in faults.items()})
