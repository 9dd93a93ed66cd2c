"""List of agents: the members of the company who may own leads."""

import graphene
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from graphene_django import DjangoObjectType

from crm import models as crm
from crm.actors import Actor, Role
from crm.graphql.core.arguments import choice_enum
from crm.graphql.core.fields import Attribute, Computed, Related, count_by
from crm.graphql.lists.columns import IdColumn, IntegerColumn, ListFilterSet, TextColumn
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import Company, MemberRole, User
from leads.models import Lead, StatusCategory

AgentStatusEnum = choice_enum("AgentStatusEnum", ("ACTIVE", "INACTIVE"))
#: The ids of the statuses, which are the same in every company.
ACTIVE, INACTIVE = 1, 2
STATUSES = {ACTIVE: "ACTIVE", INACTIVE: "INACTIVE"}
AGENT_ROLES = [role.value for role in Role if role.rank >= Role.AGENT.rank]


class AgentStatus(graphene.ObjectType):
    """Whether an agent takes part: 1 ACTIVE or 2 INACTIVE."""

    # The database computes only the id of the status (see _status).
    id = graphene.ID(required=True, resolver=lambda status, _info: status)
    name = graphene.Field(AgentStatusEnum, required=True, resolver=lambda status, _info: STATUSES[status])


def _open_leads(actor: Actor) -> Coalesce:
    open_leads = Lead.objects.visible_to(actor).filter(status__category=StatusCategory.OPEN)
    return count_by(open_leads, "owner", outer="user")


def _status(_actor: Actor | None = None) -> Case:
    # The account itself may be inactive, in all companies.
    active = When(Q(is_active=True, user__is_active=True), then=Value(ACTIVE))
    return Case(active, default=Value(INACTIVE), output_field=IntegerField())


class Agent(DjangoObjectType):
    """A member who may own leads, with the number of open leads that the caller sees of theirs."""

    class Meta:
        model = crm.Membership
        fields = ("id", "member_id", "capacity", "created_at", "updated_at")

    name = Computed(graphene.String, "agent_name", lambda _actor: F("user__displayname"), required=True)
    user = Related(User, "user", required=True)
    company = Related(Company, "company", required=True)
    role = Attribute(MemberRole, "role", required=True)
    total_leads = Computed(graphene.Int, "total_leads", _open_leads, required=True)
    status = Computed(AgentStatus, "agent_status", _status, required=True)


class AgentFilterSet(ListFilterSet):
    row_model = crm.Membership
    search_method = "search"
    order_columns = {name: name for name in ("id", "member_id", "created_at", "updated_at")} | {
        "name": "user__displayname",
        # The alias of the source: the field's own annotation exists only if it is selected.
        "total_leads": "open_leads",
    }
    computed_columns = {"open_leads": IntegerField()}

    id = IdColumn("id")
    users_id = IdColumn("user_id")
    name = TextColumn("user__displayname")
    member_id = TextColumn("member_id")
    status_id = IdColumn("member_status")
    total_leads = IntegerColumn("open_leads")


def _agents(actor: Actor) -> QuerySet[crm.Membership]:
    # Inactive members are listed too; ``status`` distinguishes them.
    members = crm.Membership.objects.visible_to(actor).filter(role__in=AGENT_ROLES)
    return members.alias(open_leads=_open_leads(actor), member_status=_status())


class AgentQuery(graphene.ObjectType):
    agents = list_field("agents", Agent, AgentFilterSet, source=_agents)
