"""Turns a request into an operation that may run: parsed, limited, validated, coerced and charged."""

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_variable_values,
    validate,
)

from crm.actors import Actor
from crm.errors import CrmError, Unauthenticated
from crm.graphql.core import errors
from crm.graphql.documents import Document, DocumentCache, find_document, parse_document, remember
from crm.graphql.execution.faulty_texts import refused_fields
from crm.graphql.execution.literals import RULES
from crm.graphql.execution.operations import (
    BAD_REQUEST,
    METHOD_NOT_ALLOWED,
    TOO_MANY_REQUESTS,
    JsonObject,
    Operation,
    Prepared,
    Refused,
)
from crm.graphql.limits import (
    Limits,
    asks_for_cost,
    charge,
    check_literals,
    check_shape,
    check_variables,
    cost_of,
    limits,
    tell_cost,
)

#: The key under which a document keeps its own faulty texts.
FAULTS = "faults of literals"
_checked_documents = DocumentCache()


def prepare(
    schema: GraphQLSchema,
    operation: Operation,
    *,
    actor: Actor | None,
    allow: frozenset[OperationType],
    account: str | None = None,
) -> Prepared:
    """Parse, limit, validate and coerce an operation, and charge its cost to an account, if one is given.

    ``allow`` holds the kinds of operation that the transport serves. If this raises, nothing was executed.
    """
    bounds = limits()
    allowance = told = None
    try:
        asks_cost = asks_for_cost(operation.extensions)
        document = _load(schema, operation, actor, bounds)
        node = _select(document, operation, actor, allow)
        raw = dict(operation.variables or {})
        faults = {**document.memo[FAULTS], **check_variables(raw, document.node, node, bounds)}
        refused = refused_fields(document, node, faults)
        if refused.is_whole:
            raise Refused(list(refused.errors.values())[: bounds.errors])
        variables = _coerce(schema, node, raw, bounds)
        cost = _cost(schema, document, node, variables, bounds)
        if asks_cost:
            told = tell_cost(cost, bounds)
        bounds.check("cost", cost)
        if account is not None:
            allowance = charge(account, cost)
    except errors.RateLimited as error:
        raise Refused(
            [errors.domain_error(error)],
            status=TOO_MANY_REQUESTS,
            allowance=error.allowance,
            extensions=told,
        ) from error
    except CrmError as error:
        raise Refused([errors.domain_error(error)], extensions=told) from error
    except RecursionError:
        # Nested fragments can go deeper than the interpreter's stack while they keep to every other limit.
        raise Refused([errors.domain_error(errors.TooComplex("depth", bounds.depth))]) from None
    return Prepared(
        schema=schema,
        document=document,
        node=node,
        actor=actor,
        raw_variables=raw,
        variables=variables,
        cost=cost,
        extensions=told,
        allowance=allowance,
        refused=refused.errors,
    )


def _coerce(
    schema: GraphQLSchema, node: OperationDefinitionNode, raw: JsonObject, bounds: Limits
) -> JsonObject:
    if not node.variable_definitions:
        return {}
    variables = get_variable_values(
        schema, node.variable_definitions, raw, max_errors=bounds.errors, hide_suggestions=True
    )
    if isinstance(variables, list):
        raise Refused(_formatted(variables, bounds))
    return variables


def _cost(
    schema: GraphQLSchema,
    document: Document,
    node: OperationDefinitionNode,
    variables: JsonObject,
    bounds: Limits,
) -> int:
    # Without variables the cost is always the same, so it is kept with the document.
    key = ("cost", id(schema), id(node), bounds)
    if key in document.memo:
        return int(document.memo[key])
    cost = cost_of(node, schema=schema, fragments=document.fragments, variables=variables, limits=bounds)
    if not node.variable_definitions:
        document.memo[key] = cost
    return cost


def _load(schema: GraphQLSchema, operation: Operation, actor: Actor | None, bounds: Limits) -> Document:
    named = find_document(operation.query, operation.extensions, actor)
    text = named.text
    if actor is not None:
        document = _checked_documents.get(
            (schema, bounds, text),
            lambda: check_document(schema, text, bounds),
            most_tokens=bounds.kept_tokens,
        )
        if named.new_hash is not None:
            remember(actor.company_id, named.new_hash, text)
        return document
    # Without a credential nothing of the schema is revealed, not even whether a document is valid, and
    # the cache is not filled.
    try:
        document = _parse(text, bounds)
    except (CrmError, GraphQLError) as error:
        raise Unauthenticated from error
    only_operations = len(document.operations) == len(document.node.definitions)
    if not only_operations or not all(_selects_typename_only(each) for each in document.operations):
        raise Unauthenticated
    return check_document(schema, text, bounds)


def _selects_typename_only(operation: OperationDefinitionNode) -> bool:
    return not operation.variable_definitions and all(
        isinstance(selection, FieldNode) and selection.name.value == "__typename"
        for selection in operation.selection_set.selections
    )


def _parse(text: str, bounds: Limits) -> Document:
    return parse_document(
        text, tokens=bounds.tokens, comments=bounds.comments, length=bounds.text, depth=bounds.depth
    )


def check_document(schema: GraphQLSchema, text: str, bounds: Limits) -> Document:
    """Parse a document and check it against limits and schema: everything that needs no variables."""
    try:
        document = _parse(text, bounds)
    except GraphQLError as error:
        raise Refused(_formatted([error], bounds)) from error
    check_shape(document.node, bounds)
    document.memo[FAULTS] = check_literals(document.node, bounds)
    invalid = validate(schema, document.node, RULES, max_errors=bounds.errors, hide_suggestions=True)
    if invalid:
        raise Refused(_formatted(invalid, bounds))
    return document


def _select(
    document: Document, operation: Operation, actor: Actor | None, allow: frozenset[OperationType]
) -> OperationDefinitionNode:
    node = document.operation(operation.operation_name)
    if node is None:
        message = "Name one of the operations of the document in operationName."
        raise Refused([{"message": message, "extensions": {"code": errors.Code.BAD_USER_INPUT}}])
    if node.operation not in allow:
        mutation = node.operation is OperationType.MUTATION
        message = f"A {node.operation.value} is not served here."
        raise Refused(
            [{"message": message, "extensions": {"code": errors.Code.BAD_USER_INPUT}}],
            status=METHOD_NOT_ALLOWED if mutation else BAD_REQUEST,
        )
    return node


def _formatted(raised: list[GraphQLError], bounds: Limits) -> list[JsonObject]:
    return [errors.bad_document(error) for error in raised[: bounds.errors]]
