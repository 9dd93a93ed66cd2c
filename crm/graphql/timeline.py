"""The timeline of a record of any kind."""

from collections.abc import Mapping

import graphene
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm.graphql.activity_types import Activity
from crm.graphql.conversation_types import Message
from crm.graphql.core.arguments import choice_enum
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, selected_fields
from crm.graphql.core.scalars import DateTime, Mixed
from crm.graphql.inputs import EntityType
from crm.graphql.lists.pages import DEFAULT_PAGE_SIZE, Page, PaginatorInfo, check_page
from crm.graphql.lists.paginator import data_nodes
from crm.graphql.types import User
from crm.records.registry import find_record
from crm.records.timeline_entries import Entry
from crm.records.timeline_entries import TimelineKind as Kind
from crm.services.timeline import Timeline

TimelineKind = choice_enum(
    "TimelineKind",
    [kind.value for kind in Kind],
    "What an entry of a timeline tells: a change of the record, an activity, a message or a routing.",
    {
        "NOTE": "A note was written.",
        "TASK": "A task was planned.",
        "TASK_DONE": "A task was done.",
        "CALL": "A call was made, or planned.",
        "CALL_DONE": "A planned call was marked as done.",
        "MEETING": "A meeting was held, or planned.",
        "MEETING_DONE": "A planned meeting was marked as done.",
        "EMAIL": "An e-mail was sent or received.",
    },
)


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
    def resolve_changes(entry: Entry, _info: GraphQLResolveInfo) -> list[Mapping[str, object]]:
        changes = entry.changes or {}
        return [{"field": name, "old": old, "new": new} for name, (old, new) in changes.items()]


class TimelinePaginator(graphene.ObjectType):
    """A page of a timeline."""

    data = graphene.List(graphene.NonNull(TimelineEntry), required=True)
    paginator_info = graphene.Field(
        PaginatorInfo, name="paginatorInfo", required=True, resolver=lambda page, _info: page
    )


#: Fields of an entry that are rows, and their types.
ROW_FIELDS: Mapping[str, type[DjangoObjectType]] = {"user": User, "activity": Activity, "message": Message}


class _SelectedTimeline:
    """A timeline whose entries hold their rows as the selection needs them, and only visible ones."""

    def __init__(self, timeline: Timeline, info: GraphQLResolveInfo) -> None:
        self._timeline = timeline
        self._info = info

    def count(self) -> int:
        return self._timeline.count()

    def __getitem__(self, page: slice) -> list[Entry]:
        entries = self._timeline[page]
        nodes = data_nodes(self._info, TimelinePaginator)
        selected = selected_fields(self._info, "TimelineEntry", nodes)
        # One statement for each row field that is selected, whatever the number of entries.
        for name, type_ in ROW_FIELDS.items():
            keys = {getattr(entry, name).pk for entry in entries if getattr(entry, name) is not None}
            if not keys or name not in selected:
                continue
            visible = type_._meta.model.objects.visible_to(actor_of(self._info)).filter(pk__in=keys)
            rows = {row.pk: row for row in load(visible, type_, selected[name], self._info)}
            for entry in entries:
                row = getattr(entry, name)
                setattr(entry, name, None if row is None else rows.get(row.pk))
        return entries


class TimelineQuery(graphene.ObjectType):
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
        _root: object,
        info: GraphQLResolveInfo,
        *,
        entity_type: str,
        entity_id: str,
        first: int,
        page: int | None = None,
    ) -> Page:
        number = check_page(first, page)
        record = find_record(entity_type, entity_id, actor_of(info))
        entries = _SelectedTimeline(Timeline(record), info)
        return Page.over(entries, entries, first=first, page=number)
