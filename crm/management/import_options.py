"""The options of import commands that say how a file is written and what its columns mean."""

from typing import Any

from django.core.management.base import CommandParser

from crm.actors import Actor
from crm.importing.columns import links
from crm.importing.files.options import DELIMITERS, HEADER_LINES, FileOptions
from crm.importing.mappings import find_mapping, with_saved
from crm.importing.options import NAME_ORDERS, ColumnOptions, ImportOptions, MappingRefused, date_format_of
from crm.records.row_import import Columns, RowImport

#: Signs that are hard to type.
SIGNS = {"tab": "\t", "newline": "\n"}


def add_import_options(parser: CommandParser) -> None:
    """Add the options about the file and its columns."""
    about = parser.add_argument_group("the file", "recognised if not given")
    about.add_argument("--encoding", metavar="NAME", help="of a text that is neither UTF-8 nor marked UTF-16")
    about.add_argument("--delimiter", choices=sorted(DELIMITERS), help="between cells")
    about.add_argument(
        "--header-row", type=int, metavar="N", help=f"line of the titles, one of the first {HEADER_LINES}"
    )
    about.add_argument("--sheet", metavar="NAME", help="of a workbook with several sheets")
    columns = parser.add_argument_group("the columns")
    columns.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="TITLE=FIELD",
        help="field of the column with a title; TITLE= leaves the column out",
    )
    columns.add_argument(
        "--column", action="append", default=[], metavar="N=FIELD", help="field of the Nth column, from 1"
    )
    columns.add_argument(
        "--link",
        action="append",
        default=[],
        metavar="TITLE=RECORD.external_id",
        help="a column with ids of other records in the product that the file is from, such as"
        " AccountId=organization.external_id; import those records first",
    )
    columns.add_argument(
        "--mapping", metavar="NAME", help="use a saved mapping; options that are typed come before it"
    )
    columns.add_argument(
        "--save-mapping", metavar="NAME", help="save the fields of the columns and these options for the next"
    )
    columns.add_argument(
        "--ignore-rest", action="store_true", help="leave unknown columns out, and list them"
    )
    columns.add_argument(
        "--split",
        action="append",
        default=[],
        metavar="[COLUMN=]SIGN",
        help="what stands between several values of a cell, in all columns that take several, or in one",
    )
    columns.add_argument("--name-order", choices=NAME_ORDERS, help="order in a column of full names")
    columns.add_argument(
        "--null-marker", action="append", default=[], metavar="TEXT", help="a further text for an empty cell"
    )
    columns.add_argument("--date-format", metavar="FORM", help="of dates, such as DD.MM.YYYY")
    columns.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="a value that is the same in each row, such as record_kind=people",
    )
    columns.add_argument(
        "--source", metavar="PRODUCT", help="that external ids are from (default: the recognised one)"
    )
    columns.add_argument("--decimal", choices=(",", "."), help="sign before decimals")


def import_options(options: dict[str, Any], columns: Columns) -> ImportOptions:
    """Return the options that were typed.

    :param columns: those of the kind of record, of which some are links.
    :raises MappingRefused: if one of them cannot be understood.
    """
    delimiter = options["delimiter"]
    if options["date_format"]:
        date_format_of(options["date_format"])
    separators = [_separator(text) for text in options["split"]]
    return ImportOptions(
        file=FileOptions(
            encoding=options["encoding"],
            delimiter=DELIMITERS[delimiter] if delimiter else None,
            header_row=options["header_row"],
            sheet=options["sheet"],
        ),
        columns=ColumnOptions(
            columns={_number(name): field or None for name, field in map(_pair, options["column"])},
            titles={
                **{title: field or None for title, field in map(_pair, options["map"])},
                **dict(_link(text, columns) for text in options["link"]),
            },
            ignore_rest=options["ignore_rest"],
            split=next((sign for name, sign in separators if not name), None),
            split_columns={name: sign for name, sign in separators if name},
            name_order=options["name_order"],
            null_markers=options["null_marker"],
            date_format=options["date_format"],
            decimal=options["decimal"],
            source=options["source"],
            constants=dict(_constant(text) for text in options["set"]),
        ),
    )


def saved_or_typed(options: dict[str, Any], rows: type[RowImport], actor: Actor) -> ImportOptions:
    """Return the options that were typed, and else those of the saved mapping that was named.

    Its ``split_phones`` is written to the options of the command.

    :raises MappingRefused: if one cannot be understood, or there is no such mapping.
    """
    typed = import_options(options, rows.columns)
    if options["mapping"] is None:
        return typed
    saved = find_mapping(options["mapping"], rows.kind, actor=actor)
    options["split_phones"] = options["split_phones"] or saved.split_phones
    return with_saved(typed, saved)


def _pair(text: str) -> tuple[str, str]:
    # The last sign: a title may hold one, a field does not.
    title, sign, field = text.rpartition("=")
    if not sign or not title:
        raise MappingRefused(f"{text} is no pair such as TITLE=FIELD.")
    return title.strip(), field.strip()


def _constant(text: str) -> tuple[str, str]:
    # The first sign: a field holds none, its value may.
    field, _, value = text.partition("=")
    if not field.strip() or not value.strip():
        raise MappingRefused(f"--set {text} is no pair such as FIELD=VALUE.")
    return field.strip(), value.strip()


def _link(text: str, columns: Columns) -> tuple[str, str]:
    title, target = _pair(text)
    known = links(columns)
    if target not in known:
        choices = f"choose {' or '.join(known)}" if known else "rows of this file link no other records"
        raise MappingRefused(f"--link {text} names no other record: {choices}.")
    return title, target


def _number(text: str) -> int:
    if not text.isdecimal():
        raise MappingRefused(f"{text} is no number of a column: write --column 5=email_2")
    return int(text)


def _separator(text: str) -> tuple[str, str]:
    name, _, separator = text.partition("=")
    if not text or (name and "=" in text and not separator):
        raise MappingRefused(f"--split '{text}' names no sign: write --split ';' or --split phone=';'")
    found = (name, separator) if name and separator else ("", text)
    return found[0], SIGNS.get(found[1], found[1])
