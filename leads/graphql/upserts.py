"""The mutation that updates the lead of another product, or else creates it."""

import graphene
from graphql import GraphQLResolveInfo

from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch_below
from leads.graphql.inputs import LeadInput
from leads.graphql.mutations import NESTED_NAMES, PERMISSION
from leads.graphql.types import Lead
from leads.services.lead_input import LeadValues
from leads.services.upserting import upsert_lead


class LeadUpsert(graphene.ObjectType):
    """A lead that was created or changed."""

    lead = graphene.Field(
        Lead, description="Null if the change gave the lead to somebody whose leads you do not see."
    )
    created = graphene.Boolean(required=True)


class LeadUpsertMutation(graphene.ObjectType):
    upsert_lead = MutationField(
        LeadUpsert,
        permission=PERMISSION,
        prefix="input",
        names=NESTED_NAMES,
        description=(
            "Change the lead with the external_id and external_source of the input, or create one if there "
            "is none. Tags, participants and files are added, never removed."
        ),
        input=graphene.Argument(LeadInput, required=True),
    )

    @staticmethod
    def resolve_upsert_lead(
        _root: object, info: GraphQLResolveInfo, *, input: LeadValues
    ) -> dict[str, object]:
        lead, is_new = upsert_lead(input, actor=actor_of(info))
        return {"lead": refetch_below(info, LeadUpsert, "lead", Lead, lead), "created": is_new}
