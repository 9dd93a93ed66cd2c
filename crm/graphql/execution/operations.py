"""An operation as a client sends it, one that is ready to run, and the refusal to run it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLSchema, OperationDefinitionNode

from crm.actors import Actor
from crm.graphql.documents import Document
from crm.graphql.execution.faulty_texts import FieldErrors
from crm.services.rates import Allowance

OK = 200
BAD_REQUEST = 400
METHOD_NOT_ALLOWED = 405
TOO_MANY_REQUESTS = 429
SERVICE_UNAVAILABLE = 503

#: Variables, answers and formatted errors: JSON whose shape the document decides.
JsonObject = dict[str, Any]


def strict_part(parameters: object) -> object:
    """Return a request without the variables that its document names: their texts are checked by field.

    Other half surrogate pairs are refused with the request, since there is no field to name.
    """
    if not isinstance(parameters, dict) or not isinstance(parameters.get("variables"), dict):
        return parameters
    query, variables = parameters.get("query"), parameters["variables"]
    named = query if isinstance(query, str) else None
    rest = {name: each for name, each in variables.items() if named is not None and f"${name}" not in named}
    return {**parameters, "variables": rest}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """The parameters of a GraphQL request; without ``query``, its extensions name the document."""

    query: str | None
    variables: Mapping[str, object] | None = None
    operation_name: str | None = None
    extensions: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An operation that may run: checked against schema, limits and rate, with its variables coerced."""

    schema: GraphQLSchema
    document: Document
    node: OperationDefinitionNode
    actor: Actor | None
    raw_variables: JsonObject = field(repr=False)
    variables: JsonObject = field(repr=False)
    cost: int
    #: What is told beside the answer: the cost if the request asks for it.
    extensions: JsonObject | None = None
    #: What the account has left after this operation, where its points are counted.
    allowance: Allowance | None = None
    #: Root fields that are not answered, because a text that was sent for them cannot be stored.
    refused: FieldErrors = field(default_factory=dict, repr=False)

    @property
    def kind(self) -> str:
        """``query``, ``mutation`` or ``subscription``."""
        return self.node.operation.value


class Refused(Exception):
    """Raised with the formatted errors and the HTTP status for an operation that is not executed."""

    def __init__(
        self,
        formatted: list[JsonObject],
        *,
        status: int = BAD_REQUEST,
        allowance: Allowance | None = None,
        extensions: JsonObject | None = None,
    ) -> None:
        super().__init__(status)
        self.errors = formatted
        self.status = status
        self.allowance = allowance
        self.extensions = extensions

    @property
    def answer(self) -> JsonObject:
        """The whole answer to the operation."""
        told = {} if self.extensions is None else {"extensions": self.extensions}
        return {"errors": self.errors, **told}
