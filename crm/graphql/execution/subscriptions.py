"""Admitted subscriptions: they render events, once for all subscribers that share the answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import partial
from typing import Any

import orjson
from django.db import DataError
from graphql import FieldNode, get_named_type
from graphql.execution.collect_fields import collect_sub_fields

from crm.actors import Actor
from crm.database.statements import NotCompilable
from crm.errors import TimedOut, Unavailable
from crm.events import journal
from crm.events.audience import Event, Visibility
from crm.events.cursor import Cursor
from crm.events.dispatcher import SubscriptionKey
from crm.events.filter_memory import Matching
from crm.events.rendering import Answer
from crm.events.sequencer import sequence_if_alone
from crm.graphql.compiler import RecordRead, compile_record
from crm.graphql.core.errors import Code, database_refusal, unexpected_error
from crm.graphql.execution.operations import SERVICE_UNAVAILABLE, Prepared
from crm.graphql.execution.running import respond
from crm.graphql.execution.shared_subscriptions import AnyReader, EventRoot, seeing_all
from crm.graphql.execution.threads import EVENTS, in_thread
from crm.json_encoding import encode_json

#: Seconds between two tries while the database is away; the event waits.
AWAY_SECONDS = 1.0
#: Tries of a read that takes too long each time; then the events behind it go on.
MOST_TIMEOUTS = 3


def may_repeat(error: Exception, timeouts: list[Exception]) -> bool:
    """Return whether to read again after an error: while the database is away, and a few times if it is slow.

    :param timeouts: the errors by which the same read timed out before; this one is added.
    """
    refusal = database_refusal(error)
    if isinstance(refusal, TimedOut):
        timeouts.append(error)
    return refusal is not None and len(timeouts) < MOST_TIMEOUTS


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """An admitted subscription; it renders events for everyone whose subscription has the same ``key``.

    It starts at the cursor ``after``, and is about the record ``object_id`` or all. The graphene ``field``
    may declare:

    - ``permission``, and ``check_subscription(actor, **arguments)`` for the key of the one record they name;
    - ``entities(**arguments)`` for the kinds of records; all, if it does not;
    - ``readers(event)`` for the users who see the record where members see only their own, None for all;
    - ``rows(reader, actor, **arguments)`` for what a filter selects, and with it
      ``depends_on_time(**arguments)``: whether a row comes and goes without an event, as time passes;
    - ``row_type``, if the field is a row of ``rows`` itself, which one compiled statement reads then;
    - ``notice(event, visibility)`` for the data of a message without a record; null, if it does not.
    """

    prepared: Prepared
    field: Any
    name: str
    object_id: int | None
    after: Cursor | None
    key: SubscriptionKey
    entities: frozenset[str] | None = None
    nodes: list[FieldNode] = dataclass_field(default_factory=list, repr=False)
    arguments: Mapping[str, object] = dataclass_field(default_factory=dict, repr=False)
    reads: dict[bool, RecordRead | None] = dataclass_field(default_factory=dict, repr=False, compare=False)

    def is_about(self, event: Event) -> bool:
        if self.entities is not None and event.entity not in self.entities:
            return False
        return event.kind == "bulk" or self.object_id in (None, event.object_id)

    @property
    def has_filter(self) -> bool:
        return bool(self.arguments.get("where")) and hasattr(self.field, "rows")

    async def matching(self, actor: Actor, most: int) -> Matching:
        """Return the records that meet the filter now; wait while the database is away."""
        timeouts: list[Exception] = []
        while True:
            try:
                return await in_thread(EVENTS, self._matching, actor, most)
            except Exception as error:
                if not may_repeat(error, timeouts):
                    # One subscription that fails must not stop the others: it hears of removals in vain.
                    unexpected_error(error, place="subscription")
                    return Matching(keys=None, seq=0, is_sure=False)
                await asyncio.sleep(AWAY_SECONDS)

    def _matching(self, actor: Actor, most: int) -> Matching:
        rows = self.field.rows(seeing_all(actor), actor, **self.arguments)
        keys: list[int] = list(rows.order_by().values_list("pk", flat=True)[: most + 1])
        # Whatever was committed before the keys were read gets its number here, so that a higher number
        # means a later change.
        sequence_if_alone()
        is_sure = not self.field.depends_on_time(**self.arguments)
        known = frozenset(keys) if len(keys) <= most else None
        return Matching(keys=known, seq=journal.end().seq, is_sure=is_sure)

    def notice(self, event: Event, visibility: Visibility) -> str:
        removed = {"removed": str(event.object_id)} if visibility is Visibility.REMOVED else {}
        data = None
        if hasattr(self.field, "notice"):
            data = self._selected(self.field.notice(event, visibility))
        return _json({"data": {self.name: data}, "extensions": _extensions(event) | removed})

    def _selected(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return the selected fields of a message without a record; those that have no value are null."""
        schema, fragments = self.prepared.schema, self.prepared.document.fragments
        type_: Any = get_named_type(schema.subscription_type.fields[self.nodes[0].name.value].type)  # type: ignore[union-attr]  # it has this field
        selected = collect_sub_fields(schema, fragments, self.prepared.variables, type_, self.nodes)
        named = {**values, "__typename": type_.name}
        return {key: named.get(nodes[0].name.value) for key, nodes in selected.items()}

    async def answer(self, event: Event, actor: Actor, *, shared: bool) -> Answer:
        """Run the selection under the rights of an actor; wait while the database is away."""
        timeouts: list[Exception] = []
        while True:
            try:
                return await in_thread(EVENTS, self._resolve, event, actor, shared)
            except Exception as error:
                if not may_repeat(error, timeouts):
                    # One event that fails must not stop the ones after it.
                    return self._failure(event, error)
                await asyncio.sleep(AWAY_SECONDS)

    def _resolve(self, event: Event, actor: Actor, shared: bool) -> Answer:
        read = self._read(actor, shared)
        if read is not None:
            if shared and read.is_personal:
                return Answer(None, is_personal=True)
            try:
                return self._answer_of(event, actor, shared, read.answer(event.object_id, actor))
            except (DataError, NotCompilable):
                # Run again by graphql-core, whose error has a message and a path in the document, and which
                # counts what the record holds.
                pass
        anyone = AnyReader.like(actor)
        prepared = replace(self.prepared, actor=anyone if shared else actor)
        # The record is read with a view of all, and the readers checked apart, so that all can share it.
        reader = seeing_all(actor) if shared else actor
        status, answer = respond(prepared, root_value=EventRoot(event=event, reader=reader))
        if status == SERVICE_UNAVAILABLE:
            raise TimedOut if answer["errors"][0]["extensions"]["code"] == Code.TIMEOUT else Unavailable
        if shared and anyone.was_identified():
            return Answer(None, is_personal=True)
        readers = self._readers(event, actor, shared)
        failed = "errors" in answer
        if not failed and answer["data"][self.name] is None:
            return Answer(None, readers)
        extensions = _extensions(event) | answer.get("extensions", {})
        return Answer(_json({**answer, "extensions": extensions}), readers, is_kept=not failed)

    def _read(self, actor: Actor, shared: bool) -> RecordRead | None:
        if not hasattr(self.field, "row_type"):
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

    def _answer_of(self, event: Event, actor: Actor, shared: bool, record: bytes | None) -> Answer:
        readers = self._readers(event, actor, shared)
        if record is None:
            return Answer(None, readers)
        payload = {"data": {self.name: orjson.Fragment(record)}, "extensions": _extensions(event)}
        return Answer(_json(payload), readers)

    def _readers(self, event: Event, actor: Actor, shared: bool) -> frozenset[int] | None:
        if not shared or actor.sees_all_leads or not hasattr(self.field, "readers"):
            return None
        # Read after the record: whoever could see it before and no longer can must not receive it.
        readers: frozenset[int] | None = self.field.readers(event)
        return readers

    def _failure(self, event: Event, error: Exception) -> Answer:
        failure = [unexpected_error(error, place="subscription")]
        return Answer(_json({"errors": failure, "extensions": _extensions(event)}), is_kept=False)


def _extensions(event: Event) -> dict[str, object]:
    extensions: dict[str, object] = {"kind": event.kind, "cursor": str(event.cursor)}
    if event.changes:
        extensions["changes"] = event.previous_values()
    return extensions


def _json(payload: Mapping[str, object]) -> str:
    return encode_json(payload).decode()
