"""Admits the operations of long-lived connections: each is checked once, before it starts."""

from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLSchema, OperationType
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values

from crm.actors import Actor
from crm.credentials import Credential
from crm.errors import BadUserInput, CrmError
from crm.events import journal
from crm.events.cursor import Cursor, parse_cursor
from crm.graphql.core.errors import bad_document, domain_error
from crm.graphql.core.fields import declared_fields
from crm.graphql.execution.operations import Operation, Prepared, Refused
from crm.graphql.execution.preparing import prepare
from crm.graphql.execution.shared_subscriptions import AFTER, subscription_key
from crm.graphql.execution.subscriptions import Subscription

EVERY_KIND = frozenset(OperationType)


def admit(
    schema: GraphQLSchema,
    operation: Operation,
    credential: Credential,
    *,
    after: object = None,
    allow: frozenset[OperationType] = EVERY_KIND,
) -> Prepared | Subscription:
    """Check an operation and return what can be run: a query or mutation, or a subscription.

    ``after`` is the cursor at which the connection starts, ``allow`` what the transport serves.
    """
    prepared = prepare(schema, operation, actor=credential.actor, allow=allow, account=credential.account)
    if prepared.kind != "subscription":
        return prepared
    try:
        return _subscription(prepared, credential.actor, after)
    except CrmError as error:
        raise Refused([domain_error(error)]) from error
    except GraphQLError as error:
        raise Refused([bad_document(error)]) from error


def _subscription(prepared: Prepared, actor: Actor, after: object) -> Subscription:
    name, nodes = _root_field(prepared)
    node = nodes[0]
    root_type: Any = prepared.schema.subscription_type
    field: Any = declared_fields(root_type.graphene_type)[node.name.value]
    permission = getattr(field, "permission", None)
    if permission is not None:
        actor.require(permission)
    arguments = get_argument_values(root_type.fields[node.name.value], node, prepared.variables)
    start = _latest_cursor(arguments.pop(AFTER, None), after)
    check = getattr(field, "check_subscription", None)
    object_id = None if check is None else check(actor, **arguments)
    entities = getattr(field, "entities", None)
    return Subscription(
        prepared=prepared,
        field=field,
        name=name,
        object_id=object_id,
        after=start,
        key=subscription_key(prepared.document, prepared.node, node, prepared.raw_variables, actor),
        entities=None if entities is None else entities(**arguments),
        nodes=nodes,
        arguments=arguments,
    )


def _latest_cursor(*texts: object) -> Cursor | None:
    """Return the latest of some cursors, None if none is given."""
    cursors = [parse_cursor(text) for text in texts if text is not None]
    if not cursors:
        return None
    # A client that reconnects may repeat the ``after`` of its first start: the later cursor is right. Numbers
    # of different epochs cannot be compared; the connection's cursor, given last, decides.
    latest = max((each for each in cursors if each.epoch == cursors[-1].epoch), key=lambda each: each.seq)
    journal.check(latest)
    return latest


def _root_field(prepared: Prepared) -> tuple[str, list[FieldNode]]:
    root_type = prepared.schema.subscription_type
    assert root_type is not None
    fields = collect_fields(
        prepared.schema,
        prepared.document.fragments,
        prepared.variables,
        root_type,
        prepared.node.selection_set,
    )
    if not fields:
        raise BadUserInput("The subscription selects no field.")
    [(key, nodes)] = fields.items()
    return key, list(nodes)
