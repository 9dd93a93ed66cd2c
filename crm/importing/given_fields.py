"""The fields that somebody names for the columns of a file."""

from collections.abc import Sequence

from crm.importing.options import ColumnOptions, MappingRefused
from crm.texts import name_key


def given_fields(titles: Sequence[str], options: ColumnOptions) -> dict[int, str | None]:
    """Return the fields that somebody gave to columns, by position: those of this file before saved ones.

    :raises MappingRefused: if the file has no such column; a saved one may be missing.
    """
    by_title: dict[str, list[int]] = {}
    for place, title in enumerate(titles):
        by_title.setdefault(name_key(title), []).append(place)
    absent = [title for title in options.titles if name_key(title) not in by_title]
    if absent:
        raise MappingRefused(f"The file has no column {', '.join(sorted(absent))}.")
    beyond = [number for number in options.columns if not 1 <= number <= len(titles)]
    if beyond:
        raise MappingRefused(f"The file has {len(titles)} columns, and no column {beyond[0]}.")
    saved = {
        number - 1: name or None
        for number, name in options.saved_columns.items()
        if number <= len(titles) and _is_same(titles[number - 1], options.column_titles.get(number))
    }
    saved |= {
        place: name or None
        for title, name in options.saved_titles.items()
        for place in by_title.get(name_key(title), ())
    }
    given = {
        place: name or None for title, name in options.titles.items() for place in by_title[name_key(title)]
    }
    return saved | given | {number - 1: name or None for number, name in options.columns.items()}


def _is_same(title: str, saved: str | None) -> bool:
    return saved is None or name_key(title) == name_key(saved)
