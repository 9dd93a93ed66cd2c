"""Columns of names: which part of a name each holds."""

from collections.abc import Sequence

from crm.importing.files.options import FileRefused
from crm.importing.options import ColumnOptions
from crm.importing.titles import ANY_NAME, FULL_NAME
from crm.records.row_import import Columns


def settle_any_names(fields: list[str | None], columns: Columns) -> None:
    """Have a column "Name" beside one of first names hold last names, and the other way round."""
    for place, name in enumerate(fields):
        if name != ANY_NAME:
            continue
        missing = [part for part in (columns.names[0], columns.names[-1]) if part not in fields]
        fields[place] = missing[0] if len(missing) == 1 else FULL_NAME


def settle_full_names(
    titles: Sequence[str], fields: list[str | None], columns: Columns, options: ColumnOptions
) -> set[int]:
    """Keep a column of full names only where no others hold their parts; return those that are needless."""
    needless: set[int] = set()
    for place, name in enumerate(fields):
        if name != FULL_NAME:
            continue
        if not columns.names:
            fields[place] = None
        elif columns.names[0] in fields or columns.names[-1] in fields:
            fields[place] = None
            needless.add(place)
        elif options.name_order is None:
            raise FileRefused(
                f"{titles[place]} holds full names. Say what comes first in them:"
                " --name-order first-last (Ann Berg) or --name-order last-first (Berg Ann)."
            )
    return needless
