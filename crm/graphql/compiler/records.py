"""The compiled read of one record for many readers: the record of an event of a subscription."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet
from graphql import FieldNode, GraphQLSchema

from crm.actors import Actor
from crm.database.actor_cache_key import USER, symbolic_actor
from crm.database.statements import NotCompilable, Parameter, Statement
from crm.errors import CrmError
from crm.graphql.compiler.bounds import UNBOUNDED, Bounds, Lengths, check_answer
from crm.graphql.compiler.columns import Columns
from crm.graphql.compiler.pages import Start, order_sql, page_sql
from crm.graphql.compiler.queries import fallbacks
from crm.graphql.compiler.reads import KEY
from crm.graphql.compiler.selection import Collector
from crm.graphql.core.arguments import Values
from crm.graphql.core.fields import RowType
from crm.graphql.documents import Document
from crm.graphql.lists.ordering import Key

logger = logging.getLogger("crm.graphql.compiler")

#: Returns the rows that the record has to be one of, for the actor who reads it and the one of the selection.
Rows = Callable[[Actor, Actor], QuerySet[Model]]


class PreparedOperation(Protocol):
    """The part of an operation that the compiler needs; the class is in the execution package above."""

    @property
    def schema(self) -> GraphQLSchema: ...
    @property
    def document(self) -> Document: ...
    @property
    def variables(self) -> Values: ...


@dataclass(frozen=True)
class RecordRead:
    """The statement that builds the JSON of one record, for all actors of a class.

    It ``is_personal`` if the user is a parameter: then its result is for that one reader only (ADR 17).
    """

    statement: Statement
    lengths: Lengths
    is_personal: bool

    def answer(self, key: int, actor: Actor) -> bytes | None:
        """Return the JSON of the record, if the reader sees it.

        :raises NotCompilable: if only the standard executor can answer, since the record holds too much.
        """
        values = {"company": actor.company_id, "user": actor.user_id, "key": key}
        found = self.statement.texts(values)
        record = found[0][0] if found else None
        if record is not None:
            self.lengths.check([record])
            check_answer({"": record})
        return record


def compile_record(
    *,
    prepared: PreparedOperation,
    nodes: list[FieldNode],
    row_type: RowType,
    rows: Rows,
    reader: Actor,
    actor: Actor,
) -> RecordRead | None:
    """Compile the selection of one record; return None if only the standard executor can resolve it.

    The rights of ``reader`` apply to the record itself, those of ``actor`` to everything selected below it.
    """
    if connection.vendor != "postgresql" or not settings.GRAPHQL_COMPILED_READS:
        return None
    symbolic = symbolic_actor(actor)
    model = row_type._meta.model
    try:
        document, variables = prepared.document, prepared.variables
        collector = Collector(prepared.schema, document.fragments, variables, symbolic, UNBOUNDED)
        extent = collector.extent(row_type, model, nodes)
        collector = replace(collector, bounds=Bounds(lists=extent.lists + 1, large=extent.large))
        row, lengths = collector.row(row_type, model, nodes, rows=1)
        columns = Columns.of(model, [row])
        one = rows(symbolic_actor(reader), symbolic).filter(pk=KEY)
        start = Start((Key("pk", model._meta.pk, False),))
        page = page_sql(one, start, columns.needed, limit=1)
        statement = Statement.of(*columns.select_from(page, order=order_sql(start.keys))).refuse_moments()
    except (NotCompilable, EmptyResultSet, CrmError) as reason:
        fallbacks[f"event: {reason}"] += 1
        logger.debug("Not compiled: %s", reason)
        return None
    is_personal = any(isinstance(value, Parameter) and value.name == USER.name for value in statement.values)
    return RecordRead(statement, lengths, is_personal)
