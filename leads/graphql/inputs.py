"""Inputs of leads."""

import graphene

from crm.graphql.core.arguments import choice_enum
from crm.graphql.core.scalars import Date, Decimal, Mixed
from crm.graphql.inputs import (
    CustomFieldEntityInput,
    FilesystemInputUrl,
    TagInput,
    external_id_input,
    external_source_input,
)
from people.graphql.inputs import OrganizationInput, PeopleInput


class LeadUpdateInput(graphene.InputObjectType):
    # Sent by clients of the original API; there are no branches here.
    branch_id = graphene.ID(deprecation_reason="ignored")
    title = graphene.String()
    external_id = external_id_input()
    external_source = external_source_input()
    people_id = graphene.ID()
    organization_id = graphene.ID()
    firstname = graphene.String()
    lastname = graphene.String()
    email = graphene.String()
    phone = graphene.String()
    description = graphene.String()
    reason_lost = graphene.String()
    amount = Decimal(
        description="What the deal is worth: at least 0, at most 12 digits before the point and 2 behind it."
    )
    currency = graphene.String(
        description="ISO 4217 code, such as EUR. An amount without one is in the currency of the company."
    )
    expected_close_on = Date(description="The day the deal should be closed, from 1970 to 2199.")
    probability = graphene.Int(
        description="Probability of an open lead in percent, 0 to 100; null for that of its stage."
    )
    leads_owner_id = graphene.ID()
    receiver_id = graphene.ID()
    status_id = graphene.ID()
    type_id = graphene.ID()
    source_id = graphene.ID()
    lost_reason_id = graphene.ID()
    # Two names of one field; the service refuses two different values.
    pipelines_id = graphene.ID()
    pipeline_id = graphene.ID()
    pipeline_stage_id = graphene.ID()
    participants_id = graphene.List(graphene.NonNull(graphene.ID))
    tags = graphene.List(graphene.NonNull(TagInput))
    files = graphene.List(graphene.NonNull(FilesystemInputUrl))
    custom_fields = graphene.List(graphene.NonNull(CustomFieldEntityInput))


class LeadInput(LeadUpdateInput):
    company_id = graphene.ID()
    # Instead of the ids: the service finds or creates the records.
    people = PeopleInput()
    organization = OrganizationInput()


class LeadWonOrLostInput(graphene.InputObjectType):
    # Text in the specification; only the flat argument is an enum.
    status = graphene.String(required=True)
    reason_lost = graphene.String()
    lost_reason_id = graphene.ID()


class LeadsParticipantsInput(graphene.InputObjectType):
    lead_id = graphene.ID(required=True)
    user_id = graphene.ID()
    people_id = graphene.ID()
    relationship_id = graphene.ID()


class FollowInput(graphene.InputObjectType):
    # An id as number or text, or a UUID.
    entity_id = Mixed(required=True)
    user_id = graphene.ID()


LeadStatusEnum = choice_enum("LeadStatusEnum", ("Won", "Lost", "Close"))
