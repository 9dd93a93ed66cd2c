"""Read large texts and JSON within the budget of an answer: a page of them must not fill the memory.

A value comes with its row if it is not larger than its share. The others are fetched by one further
statement, once their sizes are known to fit. Ordinary rows need no further statement.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, F, Field, Func, IntegerField, JSONField, Model, QuerySet, TextField, When
from django.db.models.sql.compiler import SQLCompiler

from crm.database.statements import CompiledSql
from crm.graphql.core.budget import Budget


class Size(Func):
    """The bytes of a text or of JSON, found without reading it where that is possible."""

    output_field = IntegerField()

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> CompiledSql:
        template = "length(CAST(%(expressions)s AS BLOB))"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> CompiledSql:
        template = "octet_length(%(expressions)s)"
        column = self.source_expressions[0]
        if isinstance(column.output_field, JSONField):
            # octet_length of a text reads its header only; JSON has to be written for it. Its stored size
            # is near enough unless it is compressed.
            template = (
                "CASE WHEN pg_column_compression(%(expressions)s) IS NULL"
                " THEN pg_column_size(%(expressions)s) ELSE octet_length((%(expressions)s)::text) END"
            )
        return self.as_sql(compiler, connection, template=template, **context)


#: LZ4, which PostgreSQL may use, writes up to 255 bytes in one.
LARGEST_COMPRESSION = 256


class Stored(Func):
    """The bytes that PostgreSQL stores of a value, perhaps compressed; it needs to read nothing for it."""

    function = "pg_column_size"
    output_field = IntegerField()


def is_large(column: "Field[Any, Any]") -> bool:
    """Return whether the values of a column have no small bound."""
    return isinstance(column, TextField | JSONField)


@dataclass(frozen=True)
class LargeColumn:
    """A large column of a row or of a joined one, and the annotations that stand for it."""

    path: tuple[str, ...]
    column: "Field[Any, Any]"
    number: int

    @property
    def value(self) -> str:
        return f"fitting_{self.number}"

    @property
    def size(self) -> str:
        return f"size_{self.number}"


@dataclass
class LargeColumns:
    """The large columns of one query set."""

    budget: Budget
    columns: list[LargeColumn] = field(default_factory=list)

    def split(
        self, queryset: QuerySet[Any], names: Iterable[str], rows: int
    ) -> tuple[set[str], dict[str, Any]]:
        """Return the columns to load as they are, and the annotations for the large ones among them."""
        small: set[str] = set()
        self.columns = []
        for name in sorted(names):
            column = _find(queryset.model, name)
            path = tuple(name.split("__"))[:-1]
            if column is None or not is_large(column):
                small.add(name)
                continue
            # A joined row must be loaded for its large column to be set on it.
            small.add("__".join([*path, column.model._meta.pk.attname]))
            self.columns.append(LargeColumn(path, column, len(self.columns)))
        share = self.budget.share(rows * max(1, len(self.columns)))
        annotations: dict[str, Any] = {}
        for large in self.columns:
            name = "__".join([*large.path, large.column.attname])
            size = Size(F(name))
            annotations[large.size] = size
            annotations[large.value] = Case(
                When(**{f"{large.size}__lte": share}, then=F(name)), output_field=_copy(large.column)
            )
        return small, annotations

    def fill(self, rows: Sequence[Model]) -> None:
        """Set the columns on their rows; fetch the values that did not come with them."""
        missing: dict[LargeColumn, dict[int, list[Model]]] = defaultdict(lambda: defaultdict(list))
        sizes = 0
        for large, row, owner in self._owners(rows):
            size = row.__dict__[large.size] or 0
            value = row.__dict__[large.value]
            owner.__dict__[large.column.attname] = value
            if size and value is None:
                same = missing[large][owner.pk]
                size = 0 if same else size
                same.append(owner)
            sizes += size
        if self.budget.load_bytes(sizes):
            for large, owners in missing.items():
                _fetch(large.column, owners)

    def _owners(self, rows: Sequence[Model]) -> Iterator[tuple[LargeColumn, Model, Model]]:
        for large in self.columns:
            for row in rows:
                owner: Any = row
                for name in large.path:
                    owner = owner and owner._state.fields_cache.get(name)
                if owner is not None:
                    yield large, row, owner


def _fetch(column: "Field[Any, Any]", owners: dict[int, list[Model]]) -> None:
    # The rows were read through visible_to, or were joined to such rows, just before.
    values = column.model._base_manager.filter(pk__in=list(owners)).values_list("pk", column.attname)
    for key, value in values:
        for owner in owners[key]:
            owner.__dict__[column.attname] = value


def _find(model: type[Model], name: str) -> "Field[Any, Any] | None":
    column: Any = None
    for part in name.split("__"):
        column = model._meta.get_field(part) if part != "pk" else model._meta.pk
        if column.is_relation and column.related_model is not None:
            model = column.related_model
    return column  # type: ignore[no-any-return]  # of any kind


def _copy(column: "Field[Any, Any]") -> "Field[Any, Any]":
    return JSONField() if isinstance(column, JSONField) else TextField()
