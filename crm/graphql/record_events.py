"""The event log of records of every kind: ``recordUpdate`` for subscribers, ``recordEvents`` for polling."""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

import graphene
from django.db.models import F, QuerySet
from django.utils.module_loading import import_string
from graphql import FieldNode, GraphQLResolveInfo

from crm.actors import Actor
from crm.errors import BadUserInput
from crm.events import journal, skipped
from crm.events.audience import Event, Visibility, rule_for
from crm.events.cursor import parse_cursor
from crm.events.kinds import LoggedKind, kind_named, logged_kinds
from crm.events.sequencer import sequence_if_alone
from crm.graphql.core.arguments import Values, enum_value
from crm.graphql.core.fields import RowType
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, selected_fields
from crm.graphql.execution.shared_subscriptions import EventRoot
from crm.graphql.lists.columns import ListFilterSet
from crm.graphql.lists.pages import DEFAULT_PAGE_SIZE, check_page
from crm.graphql.lists.where import condition, names_column
from crm.graphql.record_event_types import RecordEvent, RecordEventPage, RecordKind, RecordWhere
from crm.models.base import visible_rows

#: What an event says of itself, by the fields of ``RecordEvent``.
Facts = dict[str, object]


def _facts(event: Event, *, is_removed: bool = False) -> Facts:
    return {
        "cursor": str(event.cursor),
        "kind": event.kind,
        "record_kind": event.entity,
        "id": str(event.object_id) if event.object_id else None,
        "removed": str(event.object_id) if is_removed else None,
        "winner_id": None if event.winner_id is None else str(event.winner_id),
        "changed": list(event.changed),
        "changes": event.previous_values() or None,
    }


def _with_record(event: Event, record: Any) -> Facts:
    return _facts(event) | {event.entity: record, "version": record.event_version}


@cache
def _type_of(kind: LoggedKind) -> RowType:
    type_: RowType = import_string(kind.graphql_type)
    return type_


@cache
def _filterset_of(kind: LoggedKind) -> type[ListFilterSet]:
    assert kind.graphql_list is not None
    filterset: type[ListFilterSet] = import_string(kind.graphql_list[1])
    return filterset


def _chosen(kinds: Collection[Any] | None, where: Values | None = None) -> frozenset[str]:
    """Return the kinds of records that the arguments name; all if they name none."""
    if kinds is not None and not kinds:
        raise BadUserInput("Name at least one of kinds, or leave it out for all.")
    named = None if kinds is None else frozenset(str(enum_value(kind)) for kind in kinds)
    if where is None:
        return named or frozenset(kind.entity for kind in logged_kinds())
    if len(where) != 1 or None in where.values():
        raise BadUserInput("Give conditions of exactly one kind in where.")
    filtered = frozenset(where)
    if named not in (None, filtered):
        raise BadUserInput("With where, kinds is the kind that it filters alone, or left out.")
    return filtered


class RecordUpdate(Guarded):
    """The field ``recordUpdate``: each changed record that the subscriber may see."""

    @staticmethod
    def check_subscription(
        actor: Actor, *, kinds: Any = None, where: Values | None = None, **arguments: Any
    ) -> None:
        """Check the arguments before the first event."""
        for entity in _chosen(kinds, where):
            if where is not None:
                condition(where[entity], _filterset_of(kind_named(entity)), actor)

    @staticmethod
    def entities(*, kinds: Any = None, where: Values | None = None, **arguments: Any) -> frozenset[str]:
        return _chosen(kinds, where)

    @staticmethod
    def rows(reader: Actor, actor: Actor, *, where: Values, **arguments: Any) -> QuerySet[Any]:
        """Return the records of the one kind that ``where`` filters."""
        [(entity, conditions)] = where.items()
        kind = kind_named(entity)
        return visible_rows(kind.model, reader).filter(condition(conditions, _filterset_of(kind), actor))

    @staticmethod
    def depends_on_time(*, where: Values, **arguments: Any) -> bool:
        """Return whether the filter asks for leads that rot: they begin to without an event."""
        return any(names_column(conditions, "is_rotting") for conditions in where.values())

    @staticmethod
    def readers(event: Event) -> frozenset[int] | None:
        return kind_named(event.entity).readers_of(event.object_id)

    @staticmethod
    def notice(event: Event, visibility: Visibility) -> Mapping[str, object]:
        """Return the fields of a message without a record, in JSON types."""
        facts = _facts(event, is_removed=visibility is Visibility.REMOVED)
        return facts | {"record_kind": event.entity.upper()}


class RecordSubscription(graphene.ObjectType):
    record_update = RecordUpdate(
        RecordEvent,
        name="recordUpdate",
        description=(
            "Each change of a record of these kinds that the subscriber may see. One that is deleted, merged,"
            " leaves the filter or goes out of sight is sent once with its id in `removed`."
        ),
        kinds=graphene.List(graphene.NonNull(RecordKind), description="Left out: all kinds."),
        where=RecordWhere(description="Only records of one kind that meet these conditions."),
        after=graphene.ID(description="The cursor to resume at."),
    )

    @staticmethod
    def resolve_record_update(
        root: EventRoot,
        info: GraphQLResolveInfo,
        *,
        kinds: Any = None,
        where: Values | None = None,
        after: object = None,
    ) -> Facts | None:
        """Return the event with its record, or None if the arguments do not select it."""
        event = root.event
        kind = kind_named(event.entity)
        if where is None:
            rows = visible_rows(kind.model, root.reader)
        else:
            rows = RecordUpdate.rows(root.reader, actor_of(info), where=where)
        nodes = _record_nodes(info, kind, info.field_nodes)
        record = _load(kind, rows.filter(pk=event.object_id), nodes, info).first()
        return None if record is None else _with_record(event, record)


class RecordEventQuery(graphene.ObjectType):
    record_events = Guarded(
        RecordEventPage,
        required=True,
        description="What happened to records after a cursor; without one, nothing but the cursor of now.",
        after=graphene.ID(description="The cursor after which to read."),
        kinds=graphene.List(graphene.NonNull(RecordKind), description="Left out: all kinds."),
        first=graphene.Int(
            required=True, default_value=DEFAULT_PAGE_SIZE, description="The most events to read."
        ),
    )

    @staticmethod
    def resolve_record_events(
        _root: object, info: GraphQLResolveInfo, *, first: int, after: str | None = None, kinds: Any = None
    ) -> RecordEventPage:
        check_page(first, None)
        entities = _chosen(kinds)
        # Without listeners no tail runs, and nobody else numbers the events.
        sequence_if_alone()
        if after is None:
            return RecordEventPage(events=[], cursor=str(journal.end()), has_more=False)
        actor = actor_of(info)
        read, cursor = journal.read_page(
            parse_cursor(after), limit=first + 1, company_id=actor.company_id, entities=entities
        )
        events, has_more = read[:first], len(read) > first
        if has_more:
            cursor = events[-1].cursor if events else parse_cursor(after)
        delivered = list(_deliver(events, actor, info))
        return RecordEventPage(events=delivered, cursor=str(cursor), has_more=has_more)


def _deliver(events: list[Event], actor: Actor, info: GraphQLResolveInfo) -> Iterable[Facts]:
    rules = [(event, rule_for(event, actor)) for event in events]
    wanted: dict[str, set[int]] = {}
    for event, rule in rules:
        if rule.visibility is Visibility.PAYLOAD:
            wanted.setdefault(event.entity, set()).add(event.object_id)
    # The event says who could see the record then; this, who can see it now.
    nodes = selected_fields(info, RecordEventPage._meta.name, info.field_nodes).get("events", [])
    records = {}
    for entity, keys in wanted.items():
        kind = kind_named(entity)
        rows = visible_rows(kind.model, actor).filter(pk__in=keys)
        for each in _load(kind, rows, _record_nodes(info, kind, nodes), info):
            records[entity, each.pk] = each
    for event, rule in rules:
        record = records.get((event.entity, event.object_id))
        match rule.visibility:
            case Visibility.PAYLOAD if record is not None:
                yield _with_record(event, record)
            case Visibility.PAYLOAD:
                skipped.log_skipped(event, actor, "the record is gone, or the user no longer sees it")
            case Visibility.REMOVED:
                yield _facts(event, is_removed=True)
            case Visibility.REFETCH:
                yield _facts(event)
            case Visibility.NOTHING:
                skipped.log_skipped(event, actor, rule.reason)


def _load(
    kind: LoggedKind, rows: QuerySet[Any], nodes: Iterable[FieldNode], info: GraphQLResolveInfo
) -> QuerySet[Any]:
    # Under another name: ``load`` defers each column that the selection does not name.
    versioned = rows.annotate(event_version=F("version"))
    return load(versioned, _type_of(kind), nodes, info)


def _record_nodes(info: GraphQLResolveInfo, kind: LoggedKind, events: Iterable[FieldNode]) -> list[FieldNode]:
    return selected_fields(info, RecordEvent._meta.name, events).get(kind.entity, [])
