"""The JSON that a statement selects from the rows of a model, and the statements that count rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.expressions import Combinable

from crm.database.statements import Sql
from crm.graphql.compiler.expressions import join_ones, ones_joined
from crm.models.tallies import Tally

#: Text and pieces of SQL that make a statement.
Pieces = tuple[Sql | str, ...]

#: Statements that one list caches, and the size of each without its columns, in bytes.
MOST_PAGES = 20
PAGE_BYTES = 4_000


@dataclass(frozen=True)
class Columns:
    """Compiled expressions on a row of a model: the columns to select, and the joins that they need."""

    model: type[Model]
    select: Sql
    joins: Sql
    #: Columns of the model that occur in ``select`` and ``joins``, and its primary key.
    needed: tuple[str, ...]

    @classmethod
    def of(cls, model: type[Model], expressions: Sequence[Combinable | str]) -> "Columns":
        query = QuerySet(model).values_list(*expressions).query
        compiler = query.get_compiler(connection=connection)
        join_ones(compiler)
        compiler.pre_sql_setup()
        texts: list[str] = []
        parameters: list[object] = []
        for _, (text, values), _ in compiler.select:
            texts.append(text)
            parameters.extend(values)
        # The first piece is the model's table: the rows of the page take its place, under its name.
        joins, join_parameters = compiler.get_from_clause()
        lateral_joins, lateral_parameters = ones_joined(compiler)
        select = ", ".join(texts)
        joined = " ".join([*joins[1:], lateral_joins])
        return cls(
            model,
            Sql(select, tuple(parameters)),
            Sql(joined, (*join_parameters, *lateral_parameters)),
            _columns_in(model, select + joined),
        )

    @property
    def size(self) -> int:
        """An estimate in bytes of the statements that a list caches, when half of them are there."""
        # Each twice: by itself, and piggybacked on authentication.
        return 2 * (MOST_PAGES // 2) * (PAGE_BYTES + len(self.select.text) + len(self.joins.text))

    def select_from(self, rows: Sql, *further: str, order: str, scalar: Pieces = ()) -> Pieces:
        """Return the statement that selects the columns of some rows, in an order.

        ``further`` are columns of the rows to select as they are, ``scalar`` is a statement of one value.
        """
        table = connection.ops.quote_name(self.model._meta.db_table)
        return (
            "SELECT ",
            self.select,
            *(f", {table}.{connection.ops.quote_name(name)}" for name in further),
            *((", (", *scalar, ")") if scalar else ()),
            " FROM (",
            rows,
            f") {table} ",
            self.joins,
            # The subquery has it too, but a join may change it; where none does, nothing is sorted again.
            f" ORDER BY {order}",
        )


def _columns_in(model: type[Model], text: str) -> tuple[str, ...]:
    """Return the columns of a model that a text of SQL names, and its primary key."""
    quote = connection.ops.quote_name
    options = model._meta
    return tuple(
        each.attname
        for each in options.concrete_fields
        if each.primary_key or f"{quote(options.db_table)}.{quote(each.attname)}" in text
    )


def count_sql(rows: QuerySet[Model]) -> Pieces:
    text, parameters = rows.order_by().values_list("pk").query.sql_with_params()
    return ("SELECT COUNT(*) FROM (", Sql(text, parameters), ") counted")


def sum_sql(tallies: QuerySet[Tally]) -> Pieces:
    text, parameters = tallies.values_list("n").query.sql_with_params()
    return ("SELECT SUM(n) FROM (", Sql(text, parameters), ") tallied")
