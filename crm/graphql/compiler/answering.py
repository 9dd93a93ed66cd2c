"""The answer of compiled reads: what is known of it before the database is asked, and what it says."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from django.conf import settings
from django.db import DatabaseError, DataError, connection
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    located_error,
)
from graphql.pyutils import Path

from crm.actors import Actor
from crm.database.piggyback import Piggyback
from crm.database.statements import NotCompilable
from crm.errors import CrmError
from crm.graphql.compiler.compile import plan_of
from crm.graphql.compiler.reads import FailedReading, Read, Reading
from crm.graphql.documents import Document

Made = TypeVar("Made")

logger = logging.getLogger("crm.graphql.compiler")

#: How often an operation went to the standard executor, by reason.
fallbacks: Counter[str] = Counter()


@dataclass(frozen=True)
class Begun:
    """An operation that is about to be answered, by compiled reads if there are ``readings``."""

    schema: GraphQLSchema
    readings: Mapping[str, tuple[Read, Reading] | str] | None = None

    @property
    def first(self) -> Piggyback | None:
        """What the database is asked first, if that is known."""
        readings = [each[1] for each in (self.readings or {}).values() if not isinstance(each, str)]
        return readings[0].first if readings else None

    def result(self) -> ExecutionResult | None:
        """Answer the operation; give None if only the standard executor can.

        The data holds each field as a fragment of JSON, which ``orjson`` writes as it is.
        """
        readings = self.readings
        return None if readings is None else _unless_uncompilable(lambda: self._read(readings))

    def _read(self, readings: Mapping[str, tuple[Read, Reading] | str]) -> ExecutionResult:
        data: dict[str, Any] | None = {}
        errors: list[GraphQLError] = []
        for key, each in readings.items():
            value: Any = each
            if not isinstance(each, str):
                read, reading = each
                try:
                    value = orjson.Fragment(reading.answer())
                except DataError:
                    raise
                except DatabaseError as error:
                    root = self.schema.query_type
                    path = Path(None, key, root.name if root else None)
                    errors.append(located_error(error, [read.node], path.as_list()))
                    value = None
                    if isinstance(read.definition.type, GraphQLNonNull):
                        data = None
            if data is not None:
                data[key] = value
        return ExecutionResult(data, errors or None)


def begin_compiled(
    *,
    schema: GraphQLSchema,
    document: Document,
    operation: OperationDefinitionNode,
    actor: Actor,
    variables: Mapping[str, Any],
) -> Begun:
    """Begin to answer a query, by compiled reads where they can.

    :param variables: coerced already.
    """
    if connection.vendor != "postgresql" or not settings.GRAPHQL_COMPILED_READS:
        return Begun(schema)

    def begin() -> Begun:
        plan = plan_of(schema, document, operation, actor, variables)
        if isinstance(plan, str):
            raise NotCompilable(plan)
        return Begun(
            schema,
            {
                key: read if isinstance(read, str) else (read, _begin(read, actor, variables))
                for key, read in plan.reads.items()
            },
        )

    return _unless_uncompilable(begin) or Begun(schema)


def _begin(read: Read, actor: Actor, variables: Mapping[str, Any]) -> Reading:
    try:
        return read.begin(actor, variables)
    except DataError:
        raise
    except DatabaseError as error:
        # It is this field that has no answer.
        return FailedReading(error)


def _unless_uncompilable(make: Callable[[], Made]) -> Made | None:
    try:
        return make()
    except NotCompilable as reason:
        fallbacks[str(reason)] += 1
        logger.debug("Not compiled: %s", reason)
    except (CrmError, GraphQLError, DataError) as error:
        # The standard executor says it in full, with its place in the document.
        fallbacks[type(error).__name__] += 1
    return None
