"""The subscription ``leadUpdate``: leads as they change."""

from typing import Any

import graphene
from django.db.models import QuerySet
from graphql import GraphQLResolveInfo

from crm.actors import Actor
from crm.events.audience import LEAD, Event
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load
from crm.graphql.execution.shared_subscriptions import EventRoot
from crm.graphql.lists.where import condition, names_column, where_input
from crm.models.base import keyed
from leads import models
from leads.graphql.filters import LeadFilterSet
from leads.graphql.types import Lead
from leads.services import events


class LeadUpdate(Guarded):
    """The field ``leadUpdate``: each changed lead that the subscriber may see."""

    @staticmethod
    def check_subscription(actor: Actor, *, id: object = None, **arguments: Any) -> int | None:
        """Check the arguments before the first event, and return the key of the lead that ``id`` names."""
        condition(arguments.get("where"), LeadFilterSet, actor)
        return None if id is None else models.Lead.objects.find(actor, id).pk

    row_type = Lead

    @staticmethod
    def rows(
        reader: Actor, actor: Actor, *, id: object = None, where: Any = None, **arguments: Any
    ) -> QuerySet[Any]:
        leads: QuerySet[Any] = models.Lead.objects.visible_to(reader)
        if id is not None:
            leads = keyed(leads, id)
        return leads.filter(condition(where, LeadFilterSet, actor))

    @staticmethod
    def depends_on_time(*, where: Any = None, **arguments: Any) -> bool:
        """Return whether the filter asks for leads that rot: they begin to without an event."""
        return names_column(where, "is_rotting")

    @staticmethod
    def entities(**arguments: Any) -> frozenset[str]:
        return frozenset({LEAD})

    @staticmethod
    def readers(event: Event) -> frozenset[int]:
        """Return the users who can see the lead now in a company whose members see only their own leads."""
        return events.readers(event.object_id)


class LeadSubscription(graphene.ObjectType):
    lead_update = LeadUpdate(
        Lead,
        name="leadUpdate",
        description=(
            "Each changed lead that the subscriber may see and that meets `where`. One that is deleted,"
            " leaves the filter or goes out of sight is sent once as null, with its id in"
            " `extensions.removed`."
        ),
        id=graphene.ID(),
        after=graphene.ID(),
        where=graphene.Argument(where_input("Subscription", "leadUpdate", LeadFilterSet)),
    )

    @staticmethod
    def resolve_lead_update(
        root: EventRoot,
        info: GraphQLResolveInfo,
        *,
        id: object = None,
        where: Any = None,
        after: object = None,
    ) -> Any:
        """Return the lead of an event, or None if the arguments do not select it."""
        leads = LeadUpdate.rows(root.reader, actor_of(info), id=id, where=where)
        leads = leads.filter(pk=root.event.object_id)
        return load(leads, Lead, info.field_nodes, info).first()
