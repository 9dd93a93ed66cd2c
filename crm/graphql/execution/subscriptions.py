"""Subscriptions: answered once for each event and for all who asked the same."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import partial
from typing import Any

import orjson
from django.db import DataError, InterfaceError, OperationalError
from graphql import FieldNode

from crm.actors import Actor
from crm.events.audience import Event, Visibility
from crm.events.cursor import Cursor
from crm.events.dispatcher import SubscriptionKey
from crm.events.shared_subscriptions import Answer
from crm.graphql.compiler import RecordRead, compile_record
from crm.graphql.core.errors import database_away, internal_error
from crm.graphql.execution.operations import SERVICE_UNAVAILABLE, Prepared
from crm.graphql.execution.running import respond
from crm.graphql.execution.shared_subscriptions import AnyReader, Occurrence, seeing_all
from crm.graphql.execution.threads import EVENTS, in_thread

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
      own;
    - ``row_type`` and ``rows(reader, actor, **arguments)``, the graphene type of the record and the rows
      among which it has to be: then one statement answers where selections can be compiled.
    """

    prepared: Prepared
    field: Any
    name: str
    object_id: int | None
    after: Cursor | None
    plan: SubscriptionKey
    nodes: list[FieldNode] = dataclass_field(default_factory=list, repr=False)
    arguments: Mapping[str, Any] = dataclass_field(default_factory=dict, repr=False)
    reads: dict[bool, RecordRead | None] = dataclass_field(default_factory=dict, repr=False, compare=False)

    def is_about(self, event: Event) -> bool:
        """Tell whether the event's record is one that was asked for."""
        return event.kind == "bulk" or self.object_id in (None, event.object_id)

    def absence(self, event: Event, decided: Visibility) -> str:
        """Give the answer to an event without content: the record is gone, or much has changed."""
        removed = {"removed": str(event.object_id)} if decided is Visibility.REMOVED else {}
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
        read = self._read(actor, shared)
        if read is not None:
            if shared and read.is_personal:
                return Answer(None, is_personal=True)
            try:
                return self._told(event, actor, shared, read.answer(event.object_id, actor))
            except DataError:
                # The standard executor says it in full, with its place in the document.
                pass
        anyone = AnyReader.like(actor)
        prepared = replace(self.prepared, actor=anyone if shared else actor)
        reader = seeing_all(actor) if shared else actor
        status, answer = respond(prepared, root_value=Occurrence(event=event, reader=reader))
        if status == SERVICE_UNAVAILABLE:
            raise DatabaseAway
        if shared and anyone.needs_to_be_known():
            return Answer(None, is_personal=True)
        readers = self._readers(event, actor, shared)
        if "errors" in answer:
            return Answer(_json({**answer, "extensions": _extensions(event)}), readers, is_kept=False)
        if answer["data"][self.name] is None:
            return Answer(None, readers)
        return Answer(_json({**answer, "extensions": _extensions(event)}), readers)

    def _read(self, actor: Actor, shared: bool) -> RecordRead | None:
        if not hasattr(self.field, "rows"):
            return None
        if shared not in self.reads:
            self.reads[shared] = compile_record(
                prepared=self.prepared,
                nodes=self.nodes,
                row_type=self.field.row_type,
                rows=partial(self.field.rows, **self.arguments),
                reader=seeing_all(actor) if shared else actor,
                actor=actor,
            )
        return self.reads[shared]

    def _told(self, event: Event, actor: Actor, shared: bool, record: bytes | None) -> Answer:
        readers = self._readers(event, actor, shared)
        if record is None:
            return Answer(None, readers)
        told = {"data": {self.name: orjson.Fragment(record)}, "extensions": _extensions(event)}
        return Answer(_json(told), readers)

    def _readers(self, event: Event, actor: Actor, shared: bool) -> frozenset[int] | None:
        if not shared or actor.sees_all_leads or not hasattr(self.field, "readers"):
            return None
        # Later than the record: who is among them could see what was read.
        found: frozenset[int] = self.field.readers(event.object_id)
        return found

    def _failure(self, event: Event, error: Exception) -> Answer:
        failure = [internal_error(error, place="subscription")]
        return Answer(_json({"errors": failure, "extensions": _extensions(event)}), is_kept=False)


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
