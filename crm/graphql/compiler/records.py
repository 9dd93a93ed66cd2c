"""The compiled read of one record for many readers, as an event is told."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from graphql import FieldNode

from crm.actors import Actor
from crm.database.statements import NotCompilable, Parameter, Statement
from crm.errors import CrmError
from crm.graphql.compiler.answering import fallbacks
from crm.graphql.compiler.binding import KEY, USER, symbolic_actor
from crm.graphql.compiler.columns import Columns
from crm.graphql.compiler.pages import Start, page_sql
from crm.graphql.compiler.selection import Collector
from crm.graphql.lists.ordering import Key

logger = logging.getLogger("crm.graphql.compiler")

#: Gives the rows among which the record has to be: those that a reader sees and an actor asked for.
Rows = Callable[[Actor, Actor], QuerySet[Any]]


@dataclass(frozen=True)
class RecordRead:
    """The statement that builds the JSON of one record, for all actors of a class.

    It ``is_personal`` if it has a place for the user: then its answer is for that one reader alone.
    """

    statement: Statement
    is_personal: bool

    def answer(self, key: int, actor: Actor) -> bytes | None:
        """Give the record as JSON, None if it is not among the rows.

        :raises django.db.Error: if the database refuses.
        """
        values = {"company": actor.company_id, "user": actor.user_id, "key": key}
        found = self.statement.texts(values)
        return found[0][0] if found else None


def compile_record(
    *, prepared: Any, nodes: list[FieldNode], row_type: Any, rows: Rows, reader: Actor, actor: Actor
) -> RecordRead | None:
    """Compile the selection of one record; give None if only the standard executor can answer it.

    :param prepared: the operation, with its variables.
    :param reader: under whose rights the record itself is read, ``actor``: what is below it.
    """
    if connection.vendor != "postgresql" or not settings.GRAPHQL_COMPILED_READS:
        return None
    symbolic = symbolic_actor(actor)
    model = row_type._meta.model
    try:
        collector = Collector(prepared.schema, prepared.document.fragments, prepared.variables, symbolic)
        columns = Columns.of(model, [collector.object(row_type, model, nodes)])
        one = rows(symbolic_actor(reader), symbolic).filter(pk=KEY)
        start = Start((Key("pk", model._meta.pk, False),))
        statement = Statement.of(*columns.of_rows(page_sql(one, start, limit=1))).refuse_moments()
    except (NotCompilable, EmptyResultSet, CrmError) as reason:
        fallbacks[f"event: {reason}"] += 1
        logger.debug("Not compiled: %s", reason)
        return None
    is_personal = any(isinstance(value, Parameter) and value.name == USER.name for value in statement.values)
    return RecordRead(statement, is_personal)
