"""The log of what happened to leads, for clients that ask instead of listening."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import graphene
from graphql import FieldNode, GraphQLResolveInfo

from crm.actors import Actor
from crm.events import journal
from crm.events.audience import Event, Visibility, verdict
from crm.events.cursor import parse_cursor
from crm.events.sequencer import sequence_if_alone
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, selected_fields
from crm.graphql.core.scalars import JSON
from crm.graphql.lists.pages import DEFAULT_PAGE_SIZE, check_page
from leads import models
from leads.graphql.types import Lead


@dataclass(frozen=True, kw_only=True)
class Told:
    """What an actor is told of one event: the lead as it is now, or that it is gone, or neither."""

    event: Event
    lead: Any = None
    is_removed: bool = False


class LeadEvent(graphene.ObjectType):
    """A change of a lead, as leadUpdate tells it."""

    cursor = graphene.ID(required=True, resolver=lambda told, _info: str(told.event.cursor))
    kind = graphene.String(
        required=True,
        description="created, updated, deleted, restored, or bulk: many leads changed at once.",
        resolver=lambda told, _info: told.event.kind,
    )
    lead = graphene.Field(
        Lead,
        description="The lead as it is now; null if it is gone, and for bulk.",
        resolver=lambda told, _info: told.lead,
    )
    removed = graphene.ID(
        description="The id of a lead that was deleted, or that the caller no longer sees.",
        resolver=lambda told, _info: told.event.object_id if told.is_removed else None,
    )
    changes = graphene.Field(
        JSON,
        description="Previous values of owner_id, stage_id and status_id, of those that changed.",
        resolver=lambda told, _info: told.event.previous_ids() or None,
    )


class LeadEventPage(graphene.ObjectType):
    """Events in their order; ``cursor`` is where to ask on, even if no event is for the caller."""

    events = graphene.List(graphene.NonNull(LeadEvent), required=True)
    cursor = graphene.ID(required=True)
    has_more = graphene.Boolean(required=True, name="hasMore")


class LeadEventQuery(graphene.ObjectType):
    """What can be asked of the log."""

    lead_events = Guarded(
        LeadEventPage,
        name="leadEvents",
        required=True,
        description="What happened to leads after a cursor; without one, nothing but the cursor of now.",
        after=graphene.ID(),
        first=graphene.Int(required=True, default_value=DEFAULT_PAGE_SIZE),
    )

    @staticmethod
    def resolve_lead_events(
        _root: Any, info: GraphQLResolveInfo, *, first: int, after: str | None = None
    ) -> LeadEventPage:
        """Read the log as the tail of a stream does, for one company.

        :raises BadUserInput: if the cursor is none, or ``first`` is out of range.
        :raises CursorExpired: if what followed the cursor is not all there any more.
        """
        check_page(first, None)
        # Where nobody listens, nobody else gives numbers.
        sequence_if_alone()
        if after is None:
            return LeadEventPage(events=[], cursor=str(journal.end()), has_more=False)
        cursor = parse_cursor(after)
        actor = actor_of(info)
        found = journal.read_after(cursor, limit=first + 1, company_id=actor.company_id)
        events, has_more = found[:first], len(found) > first
        if events:
            cursor = events[-1].cursor
        return LeadEventPage(events=list(_told(events, actor, info)), cursor=str(cursor), has_more=has_more)


def _told(events: list[Event], actor: Actor, info: GraphQLResolveInfo) -> Iterable[Told]:
    verdicts = [(event, verdict(event, actor)) for event in events]
    wanted = {event.object_id for event, decided in verdicts if decided is Visibility.PAYLOAD}
    visible = models.Lead.objects.visible_to(actor).filter(pk__in=wanted)
    leads = {lead.pk: lead for lead in load(visible, Lead, _lead_nodes(info), info)} if wanted else {}
    for event, decided in verdicts:
        if decided is Visibility.PAYLOAD and event.object_id in leads:
            yield Told(event=event, lead=leads[event.object_id])
        elif decided is Visibility.REMOVED:
            yield Told(event=event, is_removed=True)
        elif decided is Visibility.REFETCH:
            yield Told(event=event)


def _lead_nodes(info: GraphQLResolveInfo) -> list[FieldNode]:
    events = selected_fields(info, LeadEventPage._meta.name, info.field_nodes).get("events", [])
    return selected_fields(info, LeadEvent._meta.name, events).get("lead", [])
