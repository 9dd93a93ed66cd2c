"""Lists of rotations and routing logs, the simulation of a rotation, and mutations of rotations."""

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutations import create_mutation, delete_mutation, update_mutation
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, selected_fields
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

PERMISSION = Action.CHANGE_LOOKUPS


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
    # Accepted because clients send back what they read; only the server counts hits.
    hits = graphene.Int(deprecation_reason="ignored")


class LeadRotationInput(graphene.InputObjectType):
    name = graphene.String()
    leads_rotations_email = graphene.String()
    hits = graphene.Int(deprecation_reason="ignored")
    agents = graphene.List(graphene.NonNull(LeadRotationAgentInput))


class LeadRotationFilterSet(ListFilterSet):
    row_model = models.LeadRotation
    order_columns = {name: name for name in ("id", "name", "created_at")}

    id = IdColumn("id")
    name = TextColumn("name")
    leads_rotations_email = TextColumn("leads_rotations_email")
    hits = IntegerColumn("hits")


class LeadRoutingLogFilterSet(ListFilterSet):
    row_model = models.LeadRoutingLog
    order_columns = {name: name for name in ("id", "created_at")}

    id = IdColumn("id")
    lead_id = IdColumn("lead_id")
    leads_receivers_id = IdColumn("receiver_id")
    leads_rotations_id = IdColumn("rotation_id")
    users_id = IdColumn("user_id")
    outcome = ChoiceColumn("outcome", words=models.RoutingOutcome.values)
    created_at = DateTimeColumn("created_at")


class RotationQuery(graphene.ObjectType):
    leads_rotations = list_field("leadsRotations", LeadRotation, LeadRotationFilterSet)
    lead_routing_logs = list_field(
        "leadRoutingLogs", LeadRoutingLog, LeadRoutingLogFilterSet, permission=Action.READ_ROUTING
    )
    simulate_lead_rotation = Guarded(
        graphene.List(graphene.NonNull(LeadRotationTurn)),
        required=True,
        permission=Action.READ_ROUTING,
        id=graphene.ID(required=True),
        count=graphene.Int(required=True, default_value=10),
    )

    @staticmethod
    def resolve_simulate_lead_rotation(
        _root: object, info: GraphQLResolveInfo, *, id: str, count: int
    ) -> list[dict[str, object]]:
        actor = actor_of(info)
        assignments = rotations.simulate_turns(id, count, actor=actor)
        nodes = selected_fields(info, "LeadRotationTurn", info.field_nodes).get("user", [])
        visible = Member.objects.visible_to(actor)
        users = (load(visible, User, nodes, info) if nodes else visible).in_bulk(
            {assignment.user.pk for assignment in assignments if assignment.user is not None}
        )
        return [
            {
                "number": number,
                "user": assignment.user and users.get(assignment.user.pk),
                "reason": assignment.reason,
                "candidates": assignment.candidates,
            }
            for number, assignment in enumerate(assignments, 1)
        ]


class RotationMutation(graphene.ObjectType):
    create_lead_rotation = create_mutation(
        LeadRotation, rotations.create_rotation, LeadRotationInput, permission=PERMISSION
    )
    update_lead_rotation = update_mutation(
        LeadRotation, rotations.update_rotation, LeadRotationInput, permission=PERMISSION
    )
    delete_lead_rotation = delete_mutation(rotations.delete_rotation, permission=PERMISSION, replaceable=True)
