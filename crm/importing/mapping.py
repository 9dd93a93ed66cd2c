"""Maps the header and cells of a file to fields."""

from collections.abc import Mapping, Sequence

from crm.importing.reading import FileRefused
from crm.records.row_import import Columns
from crm.services.custom_fields import CustomFieldValues
from crm.services.tags import TagValues
from crm.texts import name_key, single_line

CUSTOM_FIELD = "custom_fields."
TAG_SEPARATOR = ";"


def map_header(header: Sequence[str], columns: Columns) -> list[str]:
    """Return the field of each column, ignoring case except in the names of custom fields."""
    fields = [_field_of(title) for title in header]
    if "" in fields:
        raise FileRefused(f"Column {fields.index('') + 1} has no name.")
    twice = sorted({field for field in fields if fields.count(field) > 1})
    if twice:
        raise FileRefused(f"Columns that occur twice: {', '.join(twice)}.")
    unknown = [
        title.strip()
        for title, field in zip(header, fields, strict=True)
        if field not in columns.known and (not field.startswith(CUSTOM_FIELD) or field == CUSTOM_FIELD)
    ]
    if unknown:
        raise FileRefused(
            f"Unknown columns: {', '.join(unknown)}. "
            f"Known columns: {', '.join(columns.known)}, {CUSTOM_FIELD}NAME."
        )
    missing = [" or ".join(group) for group in columns.required if not set(group) & set(fields)]
    if missing:
        raise FileRefused(f"Missing columns: {', '.join(missing)}.")
    return fields


def _field_of(title: str) -> str:
    name = single_line(title)
    if name.casefold().startswith(CUSTOM_FIELD):
        return CUSTOM_FIELD + name[len(CUSTOM_FIELD) :].strip()
    return name_key(name)


def custom_field_values(cells: Mapping[str, str]) -> list[CustomFieldValues]:
    """Return the custom fields of a row, each value the text of its cell."""
    return [
        {"name": field.removeprefix(CUSTOM_FIELD), "value": text}
        for field, text in cells.items()
        if field.startswith(CUSTOM_FIELD)
    ]


def custom_field_column(path: str, cells: Mapping[str, str]) -> str:
    """Return the column of a path such as ``custom_fields.0.value``."""
    index = path.split(".")[1:2]
    values = custom_field_values(cells)
    return CUSTOM_FIELD + values[int(index[0])]["name"] if index else path


def tag_values(cells: Mapping[str, str]) -> list[TagValues]:
    """Return the tags of a row: the parts of its cell ``tags``."""
    names = (name.strip() for name in cells.get("tags", "").split(TAG_SEPARATOR))
    return [{"name": name} for name in names if name]
