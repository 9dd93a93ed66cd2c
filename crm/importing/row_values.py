"""Turns the cells of a row into the custom fields and tags of an input."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from crm.records.row_import import CUSTOM_FIELD
from crm.services.custom_fields import CustomFieldValues
from crm.services.tags import TagValues

TAG_SEPARATOR = ";"
#: Not one that an export wrote as part of a name.
_BETWEEN_TAGS = re.compile(r"(?<!\\);")


def custom_field_values(cells: Mapping[str, str]) -> list[CustomFieldValues]:
    """Return the custom fields of a row, each value the text of its cell."""
    return [
        {"name": field.removeprefix(CUSTOM_FIELD), "value": text, "is_written": True}
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
    parts = _BETWEEN_TAGS.split(cells.get("tags", ""))
    names = (part.replace("\\;", TAG_SEPARATOR).strip() for part in parts)
    return [{"name": name} for name in names if name]


def tag_names(contents: Iterable[Mapping[str, str]]) -> set[str | None]:
    """Return the names of all tags of some rows."""
    return {
        tag["name"]
        for text in {cells.get("tags", "") for cells in contents}
        for tag in tag_values({"tags": text})
    }


def plain_tag_names(inputs: Iterable[Mapping[str, Any]]) -> set[str | None]:
    """Return the names of the tags that some inputs of the API name by nothing else."""
    return {tag["name"] for values in inputs for tag in values.get("tags") or () if tag.keys() == {"name"}}


def joined_tags(names: Iterable[str]) -> str:
    """Return the cell ``tags`` of a record with tags of these names."""
    return TAG_SEPARATOR.join(name.replace(TAG_SEPARATOR, f"\\{TAG_SEPARATOR}") for name in names)
