"""Run a query by compiled reads, in two steps: find its statements, then read and combine their JSON."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

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
from crm.graphql.compiler.bounds import check_answer
from crm.graphql.compiler.compile import plan_of
from crm.graphql.compiler.reads import FailedRead, PendingRead, Read
from crm.graphql.core.arguments import Values
from crm.graphql.documents import Document

Result = TypeVar("Result")
#: The reads of a query by key of the response; a text is the value itself (``__typename``).
PendingReads = Mapping[str, tuple[Read, PendingRead] | str]

logger = logging.getLogger("crm.graphql.compiler")

#: How often an operation went to the standard executor, by reason.
fallbacks: Counter[str] = Counter()


@dataclass(frozen=True)
class StartedQuery:
    """A query whose statements are known; without ``reads`` the standard executor has to run it."""

    schema: GraphQLSchema
    reads: PendingReads | None = None

    @property
    def first(self) -> Piggyback | None:
        """The first statement of the query, if it is known before any has run."""
        reads = [each[1] for each in (self.reads or {}).values() if not isinstance(each, str)]
        return reads[0].first if reads else None

    def result(self) -> ExecutionResult | None:
        """Run the query, with values as fragments of JSON; return None if only the standard executor can."""
        reads = self.reads
        return None if reads is None else _or_none(lambda: self._run(reads))

    def _run(self, reads: PendingReads) -> ExecutionResult:
        data: dict[str, object] | None = {}
        errors: list[GraphQLError] = []
        texts: dict[str, bytes] = {}
        for key, each in reads.items():
            value: object = each
            if not isinstance(each, str):
                read, pending = each
                try:
                    texts[key] = pending.json()
                    value = orjson.Fragment(texts[key])
                except DataError:
                    # A value that does not fit a column: the standard executor reports it by field.
                    raise
                except DatabaseError as error:
                    root = self.schema.query_type
                    path = Path(None, key, root.name if root else None)
                    errors.append(located_error(error, [read.node], path.as_list()))
                    value = None
                    # GraphQL: null in a non-null field makes its parent null, here the whole data.
                    if isinstance(read.definition.type, GraphQLNonNull):
                        data = None
            if data is not None:
                data[key] = value
        check_answer(texts)
        return ExecutionResult(data, errors or None)


def start_query(
    *,
    schema: GraphQLSchema,
    document: Document,
    operation: OperationDefinitionNode,
    actor: Actor,
    variables: Values,
) -> StartedQuery:
    """Find the statements of a query, without running them."""
    if not (_is_postgresql() and settings.GRAPHQL_COMPILED_READS):
        return StartedQuery(schema)

    def start() -> StartedQuery:
        plan = plan_of(schema, document, operation, actor, variables)
        if isinstance(plan, str):
            raise NotCompilable(plan)
        return StartedQuery(
            schema,
            {
                key: read if isinstance(read, str) else (read, _begin(read, actor, variables))
                for key, read in plan.reads.items()
            },
        )

    return _or_none(start) or StartedQuery(schema)


@cache
def _is_postgresql() -> bool:
    # The proxy of the connection looks it up anew for each attribute.
    return connection.vendor == "postgresql"


def _begin(read: Read, actor: Actor, variables: Values) -> PendingRead:
    try:
        return read.begin(actor, variables)
    except DataError:
        raise
    except DatabaseError as error:
        # Reading the definitions of custom fields can fail here already: an error of this field alone.
        return FailedRead(error)


def _or_none(make: Callable[[], Result]) -> Result | None:
    """Return None, and count the reason, where only the standard executor can run a query."""
    try:
        return make()
    except NotCompilable as reason:
        fallbacks[str(reason)] += 1
        logger.debug("Not compiled: %s", reason)
    except (CrmError, GraphQLError, DataError) as error:
        # The standard executor raises it again, with the location and path that belong to it.
        fallbacks[type(error).__name__] += 1
    return None
