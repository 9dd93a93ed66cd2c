"""Inputs of people and organizations."""

import graphene

from crm.graphql.core.scalars import Date
from crm.graphql.inputs import (
    CustomFieldEntityInput,
    FilesystemInputUrl,
    TagInput,
    external_id_input,
    external_source_input,
)


class ContactInput(graphene.InputObjectType):
    id = graphene.ID()
    contacts_types_id = graphene.ID()
    value = graphene.String()
    weight = graphene.Int()


class AddressInput(graphene.InputObjectType):
    id = graphene.ID()
    address = graphene.String()
    address_2 = graphene.String()
    city = graphene.String()
    county = graphene.String()
    state = graphene.String()
    zip = graphene.String()
    country = graphene.String()
    is_default = graphene.Boolean()


class EmploymentPeopleHistoryInput(graphene.InputObjectType):
    id = graphene.ID()
    peoples_id = graphene.ID()
    organizations_id = graphene.ID()
    # Optional here because updates may leave it out; the service requires it of a new employment.
    position = graphene.String()
    income = graphene.Float()
    income_type = graphene.String()
    start_date = Date()
    end_date = Date()
    status = graphene.Int()


class PeopleRelationshipInput(graphene.InputObjectType):
    name = graphene.String()
    description = graphene.String()


class ContactTypeInput(graphene.InputObjectType):
    name = graphene.String(required=True)


class PeopleInput(graphene.InputObjectType):
    id = graphene.ID()
    company_id = graphene.ID()
    firstname = graphene.String()
    middlename = graphene.String()
    lastname = graphene.String()
    email = graphene.String()
    external_id = external_id_input()
    external_source = external_source_input()
    dob = Date()
    do_not_contact = graphene.Boolean(description="The person does not want to be written to or called.")
    contacts = graphene.List(graphene.NonNull(ContactInput))
    address = graphene.List(graphene.NonNull(AddressInput))
    # A name: the organization is found by it or created.
    organization = graphene.String()
    organizations_id = graphene.List(graphene.NonNull(graphene.ID))
    # The contract has both names; the service refuses two different values.
    peopleEmploymentHistory = graphene.List(graphene.NonNull(EmploymentPeopleHistoryInput))  # noqa: N815 - the API's name
    employment_history = graphene.List(graphene.NonNull(EmploymentPeopleHistoryInput))
    tags = graphene.List(graphene.NonNull(TagInput))
    files = graphene.List(graphene.NonNull(FilesystemInputUrl))
    custom_fields = graphene.List(graphene.NonNull(CustomFieldEntityInput))


class OrganizationInput(graphene.InputObjectType):
    id = graphene.ID()
    company_id = graphene.ID()
    name = graphene.String()
    email = graphene.String()
    external_id = external_id_input()
    external_source = external_source_input()
    address = graphene.String()
    city = graphene.String()
    state = graphene.String()
    zip = graphene.String()
    country = graphene.String()
    tags = graphene.List(graphene.NonNull(TagInput))
    files = graphene.List(graphene.NonNull(FilesystemInputUrl))
    custom_fields = graphene.List(graphene.NonNull(CustomFieldEntityInput))


class OrganizationPeopleInput(graphene.InputObjectType):
    organization_id = graphene.ID(required=True)
    peoples_id = graphene.List(graphene.NonNull(graphene.ID))
