"""Rotations: changed, listed and simulated; what they decided; and the agents of the company."""

from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, refetch, selected_fields
from crm.graphql.core.scalars import JSON
from crm.graphql.lists.columns import (
    ChoiceColumn,
    DateTimeColumn,
    IdColumn,
    IntegerColumn,
    ListFilterSet,
    TextColumn,
)
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import User
from crm.models import User as Member
from leads import models
from leads.graphql.rotation_types import LeadRotation
from leads.graphql.types import LeadRoutingLog
from leads.services import rotations

MAY = Action.CHANGE_LOOKUPS


class LeadRotationTurn(graphene.ObjectType):
    """Who would get one of the next leads of a rotation, and why; nobody if no agent can take leads."""

    number = graphene.Int(required=True)
    user = graphene.Field(User)
    reason = graphene.String(required=True)
    candidates = JSON(required=True)


class LeadRotationAgentInput(graphene.InputObjectType):
    users_id = graphene.ID(required=True)
    phone = graphene.String()
    percent = graphene.Float(required=True)
    hits = graphene.Int(deprecation_reason="ignored")


class LeadRotationInput(graphene.InputObjectType):
    name = graphene.String()
    leads_rotations_email = graphene.String()
    hits = graphene.Int(deprecation_reason="ignored")
    agents = graphene.List(graphene.NonNull(LeadRotationAgentInput))


class LeadRotationFilterSet(ListFilterSet):
    order_columns = {name: name for name in ("id", "name", "created_at")}

    id = IdColumn("id")
    name = TextColumn("name")
    leads_rotations_email = TextColumn("leads_rotations_email")
    hits = IntegerColumn("hits")

    class Meta:
        model = models.LeadRotation
        fields: list[str] = []


class LeadRoutingLogFilterSet(ListFilterSet):
    order_columns = {name: name for name in ("id", "created_at")}

    id = IdColumn("id")
    lead_id = IdColumn("lead_id")
    leads_receivers_id = IdColumn("receiver_id")
    leads_rotations_id = IdColumn("rotation_id")
    users_id = IdColumn("user_id")
    outcome = ChoiceColumn("outcome", words=models.RoutingOutcome.values)
    created_at = DateTimeColumn("created_at")

    class Meta:
        model = models.LeadRoutingLog
        fields: list[str] = []


class RotationQuery(graphene.ObjectType):
    """What can be asked of the routing of leads."""

    leads_rotations = list_field("leadsRotations", LeadRotation, LeadRotationFilterSet)
    lead_routing_logs = list_field(
        "leadRoutingLogs", LeadRoutingLog, LeadRoutingLogFilterSet, permission=Action.READ_ROUTING
    )
    simulate_lead_rotation = Guarded(
        graphene.List(graphene.NonNull(LeadRotationTurn)),
        name="simulateLeadRotation",
        required=True,
        permission=Action.READ_ROUTING,
        id=graphene.ID(required=True),
        count=graphene.Int(required=True, default_value=10),
    )

    @staticmethod
    def resolve_simulate_lead_rotation(
        _root: Any, info: GraphQLResolveInfo, *, id: str, count: int
    ) -> list[dict[str, Any]]:
        actor = actor_of(info)
        turns = rotations.simulate_turns(id, count, actor=actor)
        nodes = selected_fields(info, "LeadRotationTurn", info.field_nodes).get("user", [])
        visible = Member.objects.visible_to(actor)
        users = (load(visible, User, nodes, info) if nodes else visible).in_bulk(
            {turn.user.pk for turn in turns if turn.user is not None}
        )
        return [
            {
                "number": number,
                "user": turn.user and users.get(turn.user.pk),
                "reason": turn.reason,
                "candidates": turn.candidates,
            }
            for number, turn in enumerate(turns, 1)
        ]


class RotationMutation(graphene.ObjectType):
    """What can be changed about rotations."""

    create_lead_rotation = MutationField(
        LeadRotation,
        name="createLeadRotation",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(LeadRotationInput, required=True),
    )
    update_lead_rotation = MutationField(
        LeadRotation,
        name="updateLeadRotation",
        permission=MAY,
        prefix="input",
        id=graphene.ID(required=True),
        input=graphene.Argument(LeadRotationInput, required=True),
    )
    delete_lead_rotation = MutationField(
        graphene.Boolean,
        name="deleteLeadRotation",
        permission=MAY,
        id=graphene.ID(required=True),
        replacement_id=graphene.ID(),
    )

    @staticmethod
    def resolve_create_lead_rotation(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        return refetch(info, LeadRotation, rotations.create_rotation(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_lead_rotation(_root: Any, info: GraphQLResolveInfo, *, id: str, input: Any) -> Any:
        return refetch(info, LeadRotation, rotations.update_rotation(id, input, actor=actor_of(info)))

    @staticmethod
    def resolve_delete_lead_rotation(
        _root: Any, info: GraphQLResolveInfo, *, id: str, replacement_id: str | None = None
    ) -> bool:
        rotations.delete_rotation(id, actor=actor_of(info), replacement_key=replacement_id)
        return True
