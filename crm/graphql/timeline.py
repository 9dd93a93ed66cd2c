"""The timeline of a record of any kind."""

from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm import models
from crm.graphql.conversation_types import Activity, Message
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, selected_fields
from crm.graphql.core.scalars import DateTime, Mixed
from crm.graphql.inputs import EntityType
from crm.graphql.lists.pages import DEFAULT_PAGE_SIZE, Page, PaginatorInfo, check_page
from crm.graphql.lists.paginator import data_nodes
from crm.graphql.types import User
from crm.models.records import find_record
from crm.services.timeline import Entry, Timeline
from crm.services.timeline import TimelineKind as Kind

TimelineKind = graphene.Enum("TimelineKind", [(kind.value, kind.value) for kind in Kind])


class TimelineChange(graphene.ObjectType):
    """A field that changed, and its value before and after."""

    field = graphene.String(required=True)
    old = Mixed()
    new = Mixed()


class TimelineVisit(graphene.ObjectType):
    """The stay in a stage that a move ended."""

    stage_name = graphene.String(required=True)
    pipeline_name = graphene.String(required=True)
    entered_at = DateTime(required=True)
    left_at = DateTime()


class TimelineEntry(graphene.ObjectType):
    """One event in the life of a record."""

    id = graphene.ID(required=True)
    at = DateTime(required=True)
    kind = TimelineKind(required=True)
    user = graphene.Field(User)
    door = graphene.String(required=True)
    via = graphene.String()
    text = graphene.String()
    changes = graphene.List(graphene.NonNull(TimelineChange), required=True)
    visit = graphene.Field(TimelineVisit)
    activity = graphene.Field(Activity)
    message = graphene.Field(Message)

    @staticmethod
    def resolve_kind(entry: Entry, _info: GraphQLResolveInfo) -> str:
        return entry.kind.value

    @staticmethod
    def resolve_changes(entry: Entry, _info: GraphQLResolveInfo) -> list[dict[str, Any]]:
        changes = entry.changes or {}
        return [{"field": name, "old": old, "new": new} for name, (old, new) in changes.items()]


class TimelinePaginator(graphene.ObjectType):
    """A page of a timeline."""

    data = graphene.List(graphene.NonNull(TimelineEntry), required=True)
    paginator_info = graphene.Field(
        PaginatorInfo, name="paginatorInfo", required=True, resolver=lambda page, _info: page
    )


#: What an entry leads to: the type of the row, and its model.
LEADS_TO: dict[str, tuple[Any, Any]] = {
    "user": (User, models.User),
    "activity": (Activity, models.Activity),
    "message": (Message, models.Message),
}


class _Selected:
    """A timeline whose pages hold what the selection asks of each entry, and no more."""

    def __init__(self, timeline: Timeline, info: GraphQLResolveInfo) -> None:
        self._timeline = timeline
        self._info = info

    def count(self) -> int:
        return self._timeline.count()

    def __getitem__(self, place: slice) -> list[Entry]:
        entries = self._timeline[place]
        nodes = data_nodes(self._info, TimelinePaginator)
        selected = selected_fields(self._info, "TimelineEntry", nodes)
        for name, (type_, model) in LEADS_TO.items():
            keys = {getattr(entry, name).pk for entry in entries if getattr(entry, name) is not None}
            if not keys or name not in selected:
                continue
            visible = model.objects.visible_to(actor_of(self._info)).filter(pk__in=keys)
            rows = {row.pk: row for row in load(visible, type_, selected[name], self._info)}
            for entry in entries:
                row = getattr(entry, name)
                setattr(entry, name, None if row is None else rows.get(row.pk))
        return entries


class TimelineQuery(graphene.ObjectType):
    """What can be asked of the life of records."""

    timeline = Guarded(
        TimelinePaginator,
        required=True,
        entity_type=graphene.Argument(EntityType, required=True),
        entity_id=graphene.ID(required=True),
        first=graphene.Int(required=True, default_value=DEFAULT_PAGE_SIZE),
        page=graphene.Int(),
    )

    @staticmethod
    def resolve_timeline(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        entity_type: Any,
        entity_id: str,
        first: int,
        page: int | None = None,
    ) -> Page:
        number = check_page(first, page)
        record = find_record(entity_type.value, entity_id, actor_of(info))
        rows: Any = _Selected(Timeline(record), info)
        return Page.over(rows, rows, first=first, page=number)
