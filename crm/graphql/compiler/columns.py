"""What is selected of the rows of a model, and the statements that rows are counted by."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from crm.database.statements import Sql
from crm.graphql.compiler.expressions import join_ones, ones_joined
from crm.graphql.compiler.pages import PLACE

#: Statements that one list keeps, and what each has beside its columns, in bytes.
MOST_PAGES = 20
PAGE_BYTES = 4_000


@dataclass(frozen=True)
class Columns:
    """The JSON of a row of a model: what is selected, and what has to be joined for it."""

    model: Any
    select: Sql
    joins: Sql

    @classmethod
    def of(cls, model: Any, expressions: list[Any]) -> "Columns":
        """Compile expressions on a model's row."""
        query = QuerySet(model).values_list(*expressions).query
        compiler = query.get_compiler(connection=connection)
        join_ones(compiler)
        compiler.pre_sql_setup()
        texts, parameters = [], []
        for _, (text, given), _ in compiler.select:
            texts.append(text)
            parameters.extend(given)
        joined, of_joins = compiler.get_from_clause()
        ones, of_ones = ones_joined(compiler)
        return cls(
            model,
            Sql(", ".join(texts), tuple(parameters)),
            Sql(" ".join([*joined[1:], ones]), (*of_joins, *of_ones)),
        )

    @property
    def size(self) -> int:
        """An estimate of the statements that select them, in bytes: of half of those that may be kept.

        Each stands there twice, by itself and as a companion.
        """
        return 2 * (MOST_PAGES // 2) * (PAGE_BYTES + len(self.select.text) + len(self.joins.text))

    def of_rows(self, rows: Sql, *further: str, beside: tuple[Sql | str, ...] = ()) -> tuple[Sql | str, ...]:
        """Give the statement that selects the columns of some rows, in the order of their ``PLACE``.

        :param further: names of columns of the rows to give as they are.
        :param beside: a statement of one value, which stands behind all of them.
        """
        table = connection.ops.quote_name(self.model._meta.db_table)
        return (
            "SELECT ",
            self.select,
            *(f", {table}.{connection.ops.quote_name(name)}" for name in further),
            *((", (", *beside, ")") if beside else ()),
            " FROM (",
            rows,
            f") {table} ",
            self.joins,
            f" ORDER BY {table}.{connection.ops.quote_name(PLACE)}",
        )


def count_sql(rows: Any) -> tuple[Sql | str, ...]:
    """Give the statement that counts rows."""
    text, parameters = rows.order_by().values_list("pk").query.sql_with_params()
    return ("SELECT COUNT(*) FROM (", Sql(text, parameters), ") counted")


def sum_sql(tallies: Any) -> tuple[Sql | str, ...]:
    """Give the statement that adds tallies up."""
    text, parameters = tallies.values_list("n").query.sql_with_params()
    return ("SELECT SUM(n) FROM (", Sql(text, parameters), ") tallied")
