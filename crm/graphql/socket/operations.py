"""What runs in threads for a socket: queries and mutations once, subscriptions once for each event."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from django.db import close_old_connections
from graphql import FieldNode, GraphQLError, GraphQLSchema, OperationType
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values

from crm.authentication import Credential
from crm.errors import BadUserInput, CrmError
from crm.events.audience import Event, Verdict
from crm.graphql.errors import bad_document, domain_error
from crm.graphql.execution import Operation, Prepared, Refused, prepare, run

EVERY_KIND = frozenset(OperationType)
# Apart from one another and from Django's own threads, so that neither slow requests nor slow operations
# delay events, and what is as short. Each thread holds a database connection while it works.
OPERATIONS = ThreadPoolExecutor(4, thread_name_prefix="socket-operation")
EVENTS = ThreadPoolExecutor(2, thread_name_prefix="socket-event")

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(
    executor: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a function that may use the database in a thread, and give its result."""

    def call() -> T:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(executor, call)


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A subscription that was let in.

    ``key`` is the name of its field in the answer; ``object_id`` the one record it is about, None for all.
    """

    prepared: Prepared
    key: str
    object_id: int | None

    def is_about(self, event: Event) -> bool:
        """Tell whether the event's record is one that was asked for."""
        return event.kind == "bulk" or self.object_id in (None, event.object_id)

    def absence(self, event: Event, verdict: Verdict) -> dict[str, Any]:
        """Give the answer to an event without content: the record is gone, or much has changed."""
        extensions: dict[str, Any] = {"kind": event.kind}
        if verdict is Verdict.REMOVED:
            extensions["removed"] = str(event.object_id)
        return {"data": {self.key: None}, "extensions": extensions}

    def resolve(self, event: Event) -> dict[str, Any] | None:
        """Run the selection under the subscriber's rights; None if the event is not for this subscriber.

        The answer depends on nothing else of the socket: equal subscriptions may come to share it.
        """
        answer = run(self.prepared, root_value=event)
        if answer.get("data") is not None and answer["data"][self.key] is None and "errors" not in answer:
            return None
        return {**answer, "extensions": {"kind": event.kind}}


def admit(schema: GraphQLSchema, operation: Operation, credential: Credential) -> Prepared | Subscription:
    """Check an operation; give a query or mutation that can be run, or a subscription that can be answered.

    :raises Refused: if the operation may not run.
    """
    prepared = prepare(
        schema, operation, actor=credential.actor, allow=EVERY_KIND, account=credential.account
    )
    if prepared.kind != "subscription":
        return prepared
    try:
        return _subscription(prepared, credential)
    except CrmError as error:
        raise Refused([domain_error(error)]) from error
    except GraphQLError as error:
        raise Refused([bad_document(error)]) from error


def _subscription(prepared: Prepared, credential: Credential) -> Subscription:
    """Check a subscription before its first event.

    The graphene field may declare ``permission``, and ``check_subscription(actor, **arguments)``: it gives
    the key of the one record that the arguments name, or None, and raises what the client is to be told.
    """
    key, node = _root(prepared)
    root_type = prepared.schema.subscription_type
    assert root_type is not None
    field = _declaration(root_type, node.name.value)
    permission = getattr(field, "permission", None)
    if permission is not None:
        credential.actor.require(permission)
    check = getattr(field, "check_subscription", None)
    object_id = None
    if check is not None:
        definition = root_type.fields[node.name.value]
        object_id = check(credential.actor, **get_argument_values(definition, node, prepared.variables))
    return Subscription(prepared=prepared, key=key, object_id=object_id)


def _root(prepared: Prepared) -> tuple[str, FieldNode]:
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
        raise BadUserInput("The subscription selects nothing.")
    [(key, nodes)] = fields.items()
    return key, nodes[0]


def _declaration(root_type: Any, name: str) -> Any:
    declared = root_type.graphene_type._meta.fields
    return next(field for attribute, field in declared.items() if (field.name or attribute) == name)
