"""The texts of cells as expressions of PostgreSQL, equal to those that ``formats`` writes in Python."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import (
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    Field,
    Func,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Replace

from crm.actors import Actor
from crm.database.statements import CompiledSql
from crm.importing.apostrophes import FORMULA_SIGNS, NEEDS_APOSTROPHE, NULL_MARKERS
from crm.importing.row_values import TAG_SEPARATOR
from crm.models import Tag
from crm.models.records import Record

#: What ``\s`` of Python's patterns means; that of PostgreSQL depends on the locale.
SPACES = "".join(chr(code) for code in range(0x3001) if re.match(r"\s", chr(code)))
_MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'


@dataclass(frozen=True, kw_only=True)
class JoinedCells:
    """Texts of what belongs to rows: a query with a column ``row_key``, and its columns by heading."""

    query: CompiledSql
    columns: Mapping[str, str]


class CustomFieldText(Func):
    """The value of a custom field as a file holds it: a text as it is, another value as JSON."""

    template = "%(expressions)s"
    arg_joiner = " ->> "
    output_field = TextField()

    def __init__(self, name: str) -> None:
        # Not Django's KeyTextTransform, which takes a name of digits for a place in a list.
        super().__init__("custom_fields", Cast(Value(name), TextField()))


def compiled(rows: QuerySet[Any, Any]) -> CompiledSql:
    """Return a query as SQL with its parameters."""
    # Also one that cannot have rows, which Django would not run.
    text, parameters = rows.query.get_compiler(DEFAULT_DB_ALIAS, elide_empty=False).as_sql()
    return text, tuple(parameters)


def cell_text(column: str, field: "Field[Any, Any]") -> str:
    """Return the expression for the text of a column, without an apostrophe; null is an empty cell."""
    if isinstance(field, BooleanField):
        return f"CASE WHEN {column} THEN 'yes' WHEN NOT {column} THEN 'no' END"
    if isinstance(field, DateTimeField):
        # As ``isoformat``, which leaves out microseconds that are none.
        return f"replace(to_char({column} AT TIME ZONE 'UTC', '{_MOMENT}'), '.000000+', '+')"
    if isinstance(field, DateField):
        return f"to_char({column}, 'YYYY-MM-DD')"
    return f"({column})::text"


def is_text(field: "Field[Any, Any]") -> bool:
    return isinstance(field, CharField | TextField)


def spreadsheet_safe(column: str) -> str:
    """Return the expression for a text with an apostrophe before it where ``safety`` writes one."""
    # By the first character alone for nearly all texts: a pattern for each cell takes longer than COPY.
    return (
        f"CASE WHEN ascii({column}) = ANY ({_ALWAYS}) THEN '''' || {column}"
        f" WHEN ascii({column}) = ANY ({_PERHAPS}) AND {column} ~ {_PATTERN} THEN '''' || {column}"
        f" ELSE {column} END"
    )


def _codes(characters: str) -> str:
    return "'{" + ",".join(str(ord(each)) for each in sorted(set(characters))) + "}'::int[]"


def _pattern() -> str:
    spaces = "[" + "".join(f"\\u{ord(each):04x}" for each in SPACES) + "]"
    # No other letter of the pattern differs between the two dialects.
    pattern = NEEDS_APOSTROPHE.pattern.replace(r"\s", spaces)
    escaped = "".join(each if " " <= each <= "~" else f"\\u{ord(each):04x}" for each in pattern)
    return "'^(?:" + escaped.replace("'", "''") + ")'"


_ALWAYS = _codes(FORMULA_SIGNS)
_PERHAPS = _codes(SPACES + "'" + "".join(marker[0] for marker in NULL_MARKERS))
_PATTERN = _pattern()


def tag_cells(model: type[Record], keys: QuerySet[Any, Any] | None, actor: Actor) -> JoinedCells:
    """Return the cells ``tags`` of records; see ``sources.tags_of``."""
    name = str(model._meta.model_name)
    links: QuerySet[Any, Any] = model.tags.through._default_manager.filter(
        tag__in=Tag.objects.visible_to(actor), **of_rows(name, keys)
    )
    escaped = Replace("tag__name", Value(TAG_SEPARATOR), Value(f"\\{TAG_SEPARATOR}"))
    ordered = links.annotate(text=escaped).order_by(f"{name}_id", "tag__name", "tag")
    text, parameters = compiled(ordered.values(f"{name}_id", "text"))
    # Sorted before and as a whole: to sort the tags of each record takes twice as long.
    joined = (
        f"SELECT row_key, string_agg(name, '{TAG_SEPARATOR}') AS tags"  # noqa: S608 - a compiled query
        f" FROM ({text}) AS tagged (row_key, name) GROUP BY row_key"
    )
    return JoinedCells(query=(joined, parameters), columns={"tags": "tags"})


def of_rows(relation: str, keys: QuerySet[Any, Any] | None) -> dict[str, Any]:
    """Return the condition that something belongs to one of the rows with these keys, or to any."""
    return {f"{relation}__isnull": False} if keys is None else {f"{relation}__in": keys}
