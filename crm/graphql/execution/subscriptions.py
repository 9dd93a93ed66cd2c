"""Subscriptions: let in once, then answered once for each event and for all who asked the same."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.db import InterfaceError, OperationalError
from graphql import FieldNode, GraphQLError, GraphQLSchema, OperationType
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import get_argument_values

from crm.actors import Actor
from crm.authentication import Credential
from crm.errors import BadUserInput, CrmError
from crm.events import journal
from crm.events.audience import Event, Verdict
from crm.events.cursor import Cursor, parse_cursor
from crm.events.hub import PlanKey
from crm.events.plans import Answer
from crm.graphql.errors import bad_document, database_away, domain_error, internal_error
from crm.graphql.execution.operations import SERVICE_UNAVAILABLE, Operation, Prepared, Refused
from crm.graphql.execution.preparing import prepare
from crm.graphql.execution.running import respond
from crm.graphql.execution.threads import EVENTS, in_thread
from crm.graphql.plans import AFTER, AnyReader, Occurrence, plan_key, seeing_all

EVERY_KIND = frozenset(OperationType)
#: Seconds between two tries where the database is away; the event waits.
AWAY_SECONDS = 1.0


class DatabaseAway(Exception):
    """An event cannot be answered before the database is back."""


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A subscription that was let in; it answers for all that share its plan.

    ``name`` is that of its field in the answer, ``object_id`` the one record it is about, None for all;
    ``after`` is where it begins, None for now. The graphene ``field`` may declare ``permission``, and

    - ``check_subscription(actor, **arguments)``, which gives the key of the one record that the arguments
      name, or None, and raises what the client is to be told;
    - ``readers(object_id)``, which gives the users who may see the record now, where members see only their
      own.
    """

    prepared: Prepared
    field: Any
    name: str
    object_id: int | None
    after: Cursor | None
    plan: PlanKey

    def is_about(self, event: Event) -> bool:
        """Tell whether the event's record is one that was asked for."""
        return event.kind == "bulk" or self.object_id in (None, event.object_id)

    def absence(self, event: Event, decided: Verdict) -> str:
        """Give the answer to an event without content: the record is gone, or much has changed."""
        removed = {"removed": str(event.object_id)} if decided is Verdict.REMOVED else {}
        return _json({"data": {self.name: None}, "extensions": _extensions(event) | removed})

    async def answer(self, event: Event, actor: Actor, *, shared: bool) -> Answer:
        """Run the selection under the rights of an actor; while the database is away, wait."""
        while True:
            try:
                return await in_thread(EVENTS, self._resolve, event, actor, shared)
            except (DatabaseAway, OperationalError, InterfaceError) as error:
                if not isinstance(error, DatabaseAway) and not database_away([error]):
                    return self._failure(event, error)
                await asyncio.sleep(AWAY_SECONDS)
            except Exception as error:
                # One event that cannot be told costs neither the others nor their listeners.
                return self._failure(event, error)

    def _resolve(self, event: Event, actor: Actor, shared: bool) -> Answer:
        anyone = AnyReader.like(actor)
        prepared = replace(self.prepared, actor=anyone if shared else actor)
        reader = seeing_all(actor) if shared else actor
        status, answer = respond(prepared, root_value=Occurrence(event=event, reader=reader))
        if status == SERVICE_UNAVAILABLE:
            raise DatabaseAway
        if shared and anyone.needs_to_be_known():
            return Answer(None, is_personal=True)
        readers = None
        if shared and not actor.sees_all_leads and hasattr(self.field, "readers"):
            # Later than the record: who is among them could see what was read.
            readers = self.field.readers(event.object_id)
        if "errors" in answer:
            return Answer(_json({**answer, "extensions": _extensions(event)}), readers, is_kept=False)
        if answer["data"][self.name] is None:
            return Answer(None, readers)
        return Answer(_json({**answer, "extensions": _extensions(event)}), readers)

    def _failure(self, event: Event, error: Exception) -> Answer:
        failure = [internal_error(error, place="subscription")]
        return Answer(_json({"errors": failure, "extensions": _extensions(event)}), is_kept=False)


def admit(
    schema: GraphQLSchema,
    operation: Operation,
    credential: Credential,
    *,
    after: object = None,
    allow: frozenset[OperationType] = EVERY_KIND,
) -> Prepared | Subscription:
    """Check an operation; give a query or mutation that can be run, or a subscription that can be answered.

    :param after: the cursor at which the subscriptions of the connection begin, if it named one.
    :param allow: the kinds of operation that the transport serves.
    :raises Refused: if the operation may not run.
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
    name, node = _root(prepared)
    root_type = prepared.schema.subscription_type
    assert root_type is not None
    field = _declaration(root_type, node.name.value)
    permission = getattr(field, "permission", None)
    if permission is not None:
        actor.require(permission)
    arguments = get_argument_values(root_type.fields[node.name.value], node, prepared.variables)
    begins = _later(arguments.pop(AFTER, None), after)
    check = getattr(field, "check_subscription", None)
    return Subscription(
        prepared=prepared,
        field=field,
        name=name,
        object_id=None if check is None else check(actor, **arguments),
        after=begins,
        plan=plan_key(prepared.document, prepared.node, node, prepared.raw_variables, actor),
    )


def _later(*given: object) -> Cursor | None:
    """Give the later one of some cursors: a client that comes back may repeat what it began with.

    :raises BadUserInput: if one is no cursor.
    :raises CursorExpired: if what follows it is not all there any more.
    """
    cursors = [parse_cursor(each) for each in given if each is not None]
    if not cursors:
        return None
    latest = max((each for each in cursors if each.epoch == cursors[-1].epoch), key=lambda each: each.seq)
    journal.check(latest)
    return latest


def _extensions(event: Event) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": event.kind, "cursor": str(event.cursor)}
    if event.changes:
        told["changes"] = event.previous_ids()
    return told


def _json(payload: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(payload).decode()
    except orjson.JSONEncodeError:
        # Integers over 64 bits and deep nesting are legal JSON that only the standard library writes.
        return json.dumps(payload, allow_nan=False)


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
