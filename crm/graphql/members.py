"""The settings of the company, and its members."""

import graphene
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action, Role
from crm.graphql.core.fields import Attribute, Computed, Related
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
from crm.models import InvitationState
from crm.services import companies, invitations, members

PERMISSION = Action.MANAGE_COMPANY


STATES = {
    InvitationState.SENDING: "The mail is on its way, or the server ended before it was: send it again.",
    InvitationState.FAILED: "The mail could not be sent. The admin tells why.",
    InvitationState.PENDING: "The mail was sent, and its link was not used yet.",
    InvitationState.EXPIRED: "The link was not used in time: send it again.",
    InvitationState.ACCEPTED: "The person has joined.",
    InvitationState.WITHDRAWN: "It was taken back, and the membership ended.",
}


def _described(state: InvitationState | None) -> str:
    return "Where the invitation of a member stands." if state is None else STATES[state]


InvitationStateEnum = graphene.Enum.from_enum(InvitationState, name="InvitationState", description=_described)


class Member(DjangoObjectType):
    """A user's place in the company; it is ended, never removed."""

    class Meta:
        model = models.Membership
        fields = ("id", "is_active", "member_id", "capacity", "created_at", "updated_at")

    # Mutations name a member by the id of this user.
    user = Related(User, "user", required=True)
    role = Attribute(MemberRole, "role", required=True)
    invitation_state = Computed(
        InvitationStateEnum,
        "invitation_state",
        lambda _actor: models.Invitation.state_of_member(),
        description="Where the invitation by mail stands; null for members who came without one.",
    )


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
    currency = graphene.String(
        description="ISO 4217 code of the currency of amounts that come without one, such as EUR. Stored"
        " amounts keep theirs."
    )
    amount_custom_field = graphene.String(
        description="Name of a custom field of leads. If a new lead brings a number in it and no amount, that"
        " number becomes its amount too."
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
    invite_member = create_mutation(
        Member, invitations.invite_member, InviteMemberInput, permission=PERMISSION
    )
    update_member = update_mutation(
        Member, members.update_member, MemberInput, permission=PERMISSION, key="user_id"
    )
    resend_invitation = MutationField(
        Member,
        permission=PERMISSION,
        user_id=graphene.ID(required=True),
        description="Mail a new link to a member who has not joined yet. The former link stops working.",
    )
    withdraw_invitation = MutationField(
        Member,
        permission=PERMISSION,
        user_id=graphene.ID(required=True),
        description="Take back an invitation that was not accepted: its link stops working, and the "
        "membership ends.",
    )
    deactivate_member = MutationField(
        Member, permission=PERMISSION, user_id=graphene.ID(required=True), reassign_to_id=graphene.ID()
    )

    @staticmethod
    def resolve_resend_invitation(_root: object, info: GraphQLResolveInfo, *, user_id: str) -> object:
        member = invitations.resend_invitation(user_id, actor=actor_of(info))
        return refetch(info, Member, member)

    @staticmethod
    def resolve_withdraw_invitation(_root: object, info: GraphQLResolveInfo, *, user_id: str) -> object:
        member = invitations.withdraw_invitation(user_id, actor=actor_of(info))
        return refetch(info, Member, member)

    @staticmethod
    def resolve_deactivate_member(
        _root: object, info: GraphQLResolveInfo, *, user_id: str, reassign_to_id: str | None = None
    ) -> object:
        member = members.deactivate_member(user_id, actor=actor_of(info), heir_key=reassign_to_id)
        return refetch(info, Member, member)
