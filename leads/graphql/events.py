"""The query ``leadEvents``: the event log for clients that poll instead of subscribing."""

from collections.abc import Iterable
from dataclasses import dataclass

import graphene
from graphql import FieldNode, GraphQLResolveInfo

from crm.actors import Actor
from crm.events import journal, skipped
from crm.events.audience import Event, Visibility, rule_for
from crm.events.cursor import parse_cursor
from crm.events.sequencer import sequence_if_alone
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, selected_fields
from crm.graphql.core.scalars import JSON
from crm.graphql.lists.pages import DEFAULT_PAGE_SIZE, check_page
from leads import models
from leads.graphql.types import Lead


@dataclass(frozen=True, kw_only=True)
class DeliveredEvent:
    """An event as the caller receives it: with the lead as it is now, or its removal, or neither."""

    event: Event
    lead: models.Lead | None = None
    is_removed: bool = False


class LeadEvent(graphene.ObjectType):
    """A change of a lead, as leadUpdate tells it."""

    cursor = graphene.ID(required=True, resolver=lambda delivered, _info: str(delivered.event.cursor))
    kind = graphene.String(
        required=True,
        description="created, updated, deleted, restored, or bulk: many leads changed at once.",
        resolver=lambda delivered, _info: delivered.event.kind,
    )
    lead = graphene.Field(
        Lead,
        description="The lead as it is now; null if it is gone, and for bulk.",
        resolver=lambda delivered, _info: delivered.lead,
    )
    removed = graphene.ID(
        description="The id of a lead that was deleted, or that the caller no longer sees.",
        resolver=lambda delivered, _info: delivered.event.object_id if delivered.is_removed else None,
    )
    changes = graphene.Field(
        JSON,
        description="Previous values of owner_id, stage_id, status_id, amount, currency, expected_close_on"
        " and probability (the lead's own), of those that changed.",
        resolver=lambda delivered, _info: delivered.event.previous_values() or None,
    )


class LeadEventPage(graphene.ObjectType):
    """Events in their order; ``cursor`` is where to ask on, even if no event is for the caller."""

    events = graphene.List(graphene.NonNull(LeadEvent), required=True)
    cursor = graphene.ID(required=True)
    has_more = graphene.Boolean(required=True, name="hasMore")


class LeadEventQuery(graphene.ObjectType):
    lead_events = Guarded(
        LeadEventPage,
        required=True,
        description="What happened to leads after a cursor; without one, nothing but the cursor of now.",
        after=graphene.ID(),
        first=graphene.Int(required=True, default_value=DEFAULT_PAGE_SIZE),
    )

    @staticmethod
    def resolve_lead_events(
        _root: object, info: GraphQLResolveInfo, *, first: int, after: str | None = None
    ) -> LeadEventPage:
        check_page(first, None)
        # Without listeners no tail runs, and nobody else numbers the events.
        sequence_if_alone()
        if after is None:
            return LeadEventPage(events=[], cursor=str(journal.end()), has_more=False)
        start = parse_cursor(after)
        actor = actor_of(info)
        read, cursor = journal.read_page(
            start, limit=first + 1, company_id=actor.company_id, entities=("lead",)
        )
        events, has_more = read[:first], len(read) > first
        if has_more:
            cursor = events[-1].cursor if events else start
        delivered = list(_deliver(events, actor, info))
        return LeadEventPage(events=delivered, cursor=str(cursor), has_more=has_more)


def _deliver(events: list[Event], actor: Actor, info: GraphQLResolveInfo) -> Iterable[DeliveredEvent]:
    rules = [(event, rule_for(event, actor)) for event in events]
    wanted = {event.object_id for event, rule in rules if rule.visibility is Visibility.PAYLOAD}
    # The event says who could see the lead then; this, who can see it now.
    visible = models.Lead.objects.visible_to(actor).filter(pk__in=wanted)
    leads = {lead.pk: lead for lead in load(visible, Lead, _lead_nodes(info), info)} if wanted else {}
    for event, rule in rules:
        match rule.visibility:
            case Visibility.PAYLOAD if event.object_id in leads:
                yield DeliveredEvent(event=event, lead=leads[event.object_id])
            case Visibility.PAYLOAD:
                skipped.log_skipped(event, actor, "the lead is gone, or the user no longer sees it")
            case Visibility.REMOVED:
                yield DeliveredEvent(event=event, is_removed=True)
            case Visibility.REFETCH:
                yield DeliveredEvent(event=event)
            case Visibility.NOTHING:
                skipped.log_skipped(event, actor, rule.reason)


def _lead_nodes(info: GraphQLResolveInfo) -> list[FieldNode]:
    events = selected_fields(info, LeadEventPage._meta.name, info.field_nodes).get("events", [])
    return selected_fields(info, LeadEvent._meta.name, events).get("lead", [])
