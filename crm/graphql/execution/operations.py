"""What is asked for, what may be run, and what is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode

from crm.actors import Actor
from crm.graphql.documents import Document

OK = 200
BAD_REQUEST = 400
METHOD_NOT_ALLOWED = 405
TOO_MANY_REQUESTS = 429
SERVICE_UNAVAILABLE = 503


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a client asks for: the parameters of a GraphQL request.

    Without ``query``, the extension ``persistedQuery`` names the document.
    """

    query: str | None
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    extensions: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An operation that may be run: checked against schema, limits and rate, with its variables coerced."""

    schema: GraphQLSchema
    document: Document
    node: OperationDefinitionNode
    actor: Actor | None
    raw_variables: dict[str, Any] = field(repr=False)
    variables: dict[str, Any] = field(repr=False)
    cost: int

    @property
    def kind(self) -> str:
        """``query``, ``mutation`` or ``subscription``."""
        return self.node.operation.value


class Refused(Exception):
    """An operation that is not executed: the formatted errors, and the HTTP status of the answer.

    The status is that of ``application/graphql-response+json``. ``retry_after`` is in seconds.
    """

    def __init__(
        self, formatted: list[dict[str, Any]], *, status: int = BAD_REQUEST, retry_after: int | None = None
    ) -> None:
        super().__init__(status)
        self.errors = formatted
        self.status = status
        self.retry_after = retry_after
