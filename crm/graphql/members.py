"""The settings of the company, and its members."""

import graphene
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action, Role
from crm.graphql.core.fields import Attribute, Related
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.mutations import create_mutation, update_mutation
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.lists.columns import (
    BooleanColumn,
    ChoiceColumn,
    DateTimeColumn,
    IdColumn,
    ListFilterSet,
    TextColumn,
)
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import Company, LeadVisibilityEnum, MemberRole, User
from crm.services import companies, members

PERMISSION = Action.MANAGE_COMPANY


class Member(DjangoObjectType):
    """A user's place in the company; it is ended, never removed."""

    class Meta:
        model = models.Membership
        fields = ("id", "is_active", "member_id", "capacity", "created_at", "updated_at")

    # Mutations name a member by the id of this user.
    user = Related(User, "user", required=True)
    role = Attribute(MemberRole, "role", required=True)


class CompanyInput(graphene.InputObjectType):
    name = graphene.String()
    website = graphene.String()
    email = graphene.String()
    phone = graphene.String()
    address = graphene.String()
    address_2 = graphene.String()
    city = graphene.String()
    state = graphene.String()
    zip = graphene.String()
    country = graphene.String()
    language = graphene.String()
    timezone = graphene.String()
    region = graphene.String(
        description="Country code of two letters that phone numbers without an international prefix belong "
        "to, such as DE. All numbers are read anew if it changes."
    )
    lead_visibility = LeadVisibilityEnum()
    reason_lost_required = graphene.Boolean()
    flag_duplicate_leads = graphene.Boolean()
    default_owner_id = graphene.ID()


class MemberInput(graphene.InputObjectType):
    role = MemberRole()
    member_id = graphene.String()
    capacity = graphene.Int()


class InviteMemberInput(MemberInput):
    email = graphene.String(required=True)
    firstname = graphene.String()
    lastname = graphene.String()


class MemberFilterSet(ListFilterSet):
    row_model = models.Membership
    search_method = "search"
    order_columns = {name: name for name in ("id", "created_at", "updated_at")}

    id = IdColumn("id")
    users_id = IdColumn("user_id")
    role = ChoiceColumn("role", words=[role.value for role in Role])
    member_id = TextColumn("member_id")
    # Memberships that have ended stay in the list.
    is_active = BooleanColumn("is_active")
    created_at = DateTimeColumn("created_at")


class MemberQuery(graphene.ObjectType):
    members = list_field("members", Member, MemberFilterSet)


class MemberMutation(graphene.ObjectType):
    update_company = update_mutation(
        Company,
        companies.update_company,
        CompanyInput,
        permission=PERMISSION,
        names={"default_owner": "default_owner_id"},
        # The company of the request's credential: it needs no argument.
        key=None,
    )
    invite_member = create_mutation(Member, members.invite_member, InviteMemberInput, permission=PERMISSION)
    update_member = update_mutation(
        Member, members.update_member, MemberInput, permission=PERMISSION, key="user_id"
    )
    deactivate_member = MutationField(
        Member, permission=PERMISSION, user_id=graphene.ID(required=True), reassign_to_id=graphene.ID()
    )

    @staticmethod
    def resolve_deactivate_member(
        _root: object, info: GraphQLResolveInfo, *, user_id: str, reassign_to_id: str | None = None
    ) -> object:
        member = members.deactivate_member(user_id, actor=actor_of(info), heir_key=reassign_to_id)
        return refetch(info, Member, member)
