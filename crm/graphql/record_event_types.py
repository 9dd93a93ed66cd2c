"""The types of the event log of records of every kind."""

from typing import Any

import graphene
from django.utils.module_loading import import_string

from crm.events.kinds import kind_named, logged_kinds
from crm.graphql.core.scalars import JSON
from crm.graphql.lists.where import where_input


def _describe_kind(member: Any) -> str:
    if member is None:
        return "The kinds of records whose changes are in the event log."
    return f"Events of {kind_named(member.value).model._meta.verbose_name_plural}."


RecordKind = graphene.Enum(
    "RecordKind", [(kind.entity.upper(), kind.entity) for kind in logged_kinds()], description=_describe_kind
)


class _EventFields(graphene.ObjectType):
    class Meta:
        abstract = True

    cursor = graphene.ID(required=True, description="The position of the event in the log.")
    kind = graphene.String(
        required=True,
        description="created, updated, deleted, restored, merged, or bulk: many of the kind changed at once.",
    )
    record_kind = RecordKind(required=True, description="What the record is.")
    id = graphene.ID(description="The id of the record; null for bulk.")
    version = graphene.Int(description="The version of the record as it is now; null if it is gone.")
    removed = graphene.ID(
        description="The id of a record that was deleted or merged, leaves the filter, or is no longer seen."
    )
    winner_id = graphene.ID(description="The id of the record into which this one was merged.")
    changed = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        description="The names of the fields that an update changed, as far as they are known.",
    )
    changes = graphene.Field(
        JSON,
        description=(
            "Previous values of owner, stage, status, assignee, amount, currency, expected_close_on or"
            " probability, of those that changed."
        ),
    )


RecordEvent: Any = type(
    "RecordEvent",
    (_EventFields,),
    {
        "__doc__": "A change of a record of any kind, as recordUpdate and recordEvents tell it.",
        **{
            kind.entity: graphene.Field(
                kind.graphql_type,
                description=f"The {kind.label} as it is now; null if it is gone, of another kind, or bulk.",
            )
            for kind in logged_kinds()
        },
    },
)


class RecordEventPage(graphene.ObjectType):
    """Events in their order; ``cursor`` is where to ask on, even if no event is for the caller."""

    events = graphene.List(
        graphene.NonNull(RecordEvent), required=True, description="The events that are for the caller."
    )
    cursor = graphene.ID(required=True, description="The position after these events: the next `after`.")
    has_more = graphene.Boolean(
        required=True, name="hasMore", description="Whether the log has more events of these kinds already."
    )


RecordWhere: Any = type(
    "RecordWhere",
    (graphene.InputObjectType,),
    {
        "__doc__": "A filter of the records of one kind: exactly one of these fields is given.",
        **{
            kind.entity: graphene.InputField(
                where_input("Query", kind.graphql_list[0], import_string(kind.graphql_list[1])),
                description=f"Conditions as in the list {kind.graphql_list[0]}.",
            )
            for kind in logged_kinds()
            if kind.graphql_list is not None
        },
    },
)
