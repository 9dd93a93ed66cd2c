"""Types of people and organizations."""

import graphene
from django.db.models import F
from graphene_django import DjangoObjectType

from crm.graphql.activity_types import Activity, latest_activity, next_activity
from crm.graphql.core.fields import Attribute, Computed, Related, count_by
from crm.graphql.core.list_fields import DEFAULT_FIRST, BatchedList, RelatedList
from crm.graphql.types import Company, CustomFields, Filesystem, Tag, User, external_id, external_source
from people import models
from people.services.duplicates import MOST_LISTED, duplicates_of_organizations, duplicates_of_people


class ContactType(DjangoObjectType):
    """A kind of contact; those without a company are shared by all."""

    class Meta:
        model = models.ContactType
        fields = ("id", "name", "created_at")

    # Null for the types that all companies share.
    company = Related(Company, "company")


class Contact(DjangoObjectType):
    """One way to reach a person."""

    class Meta:
        model = models.Contact
        fields = ("id", "weight")

    type = Related(ContactType, "type", required=True)
    people = Related(lambda: People, "person", required=True)
    # Nullable in the contract, unlike the column.
    value = Attribute(graphene.String, "value")


class Address(DjangoObjectType):
    """A postal address of a person."""

    class Meta:
        model = models.Address
        fields = ("id", "address", "address_2", "city", "county", "state", "zip", "country", "is_default")

    people = Related(lambda: People, "person", required=True)


class Organization(DjangoObjectType):
    """An external company."""

    class Meta:
        model = models.Organization
        fields = ("id", "uuid", *models.ORGANIZATION_TEXTS, "version", "created_at", "updated_at")

    company = Related(Company, "company", required=True)
    external_id = external_id()
    external_source = external_source()
    user = Related(User, "user")
    tags = RelatedList(Tag, "tags", ordering=("name",))
    files = RelatedList(Filesystem, "file_links", ordering=())
    activities = RelatedList(Activity, "activities", ordering=("-id",), first=DEFAULT_FIRST, required=True)
    next_activity = next_activity()
    latest_activity = latest_activity()
    custom_fields = CustomFields()
    people_count = Computed(
        graphene.Int,
        "people_count",
        lambda actor: count_by(models.Person.objects.visible_to(actor), "organizations"),
        required=True,
    )
    duplicates = BatchedList(
        lambda: Organization, duplicates_of_organizations, loads=("comparable_key",), most=MOST_LISTED
    )


class PeopleEmploymentHistory(DjangoObjectType):
    """A position that a person has (status 1) or had (status 0)."""

    class Meta:
        model = models.Employment
        fields = ("id", "position", "income_type", "start_date", "end_date")

    people = Related(lambda: People, "person", required=True)
    organization = Related(Organization, "organization")
    # graphene-django would return a decimal as text.
    income = Attribute(graphene.Float, "income")
    status = Attribute(graphene.Int, "status", required=True)


class PeopleRelationship(DjangoObjectType):
    """What a person may be to a lead, such as its decision maker."""

    class Meta:
        model = models.PeopleRelationship
        fields = ("id", "name", "description")

    company = Related(Company, "company", required=True)


class People(DjangoObjectType):
    """A person outside the company: customer, prospect or partner."""

    class Meta:
        model = models.Person
        fields = ("id", "uuid", "name", *models.PERSON_TEXTS, "dob", "version", "created_at", "updated_at")

    company = Related(Company, "company", required=True)
    external_id = external_id()
    external_source = external_source()
    user = Related(User, "user")
    do_not_contact = Attribute(
        graphene.Boolean,
        "do_not_contact",
        required=True,
        description="The person does not want to be written to or called.",
    )
    contacts = RelatedList(Contact, "contacts", ordering=("weight",))
    address = RelatedList(Address, "addresses", ordering=("-is_default",))
    organizations = RelatedList(Organization, "organizations", ordering=("name",))
    # Present positions first. The databases disagree on the order of nulls, so it is explicit.
    employment_history = RelatedList(
        PeopleEmploymentHistory,
        "employments",
        ordering=("-status", F("start_date").desc(nulls_last=True)),
        required=True,
    )
    tags = RelatedList(Tag, "tags", ordering=("name",))
    files = RelatedList(Filesystem, "file_links", ordering=())
    activities = RelatedList(Activity, "activities", ordering=("-id",), first=DEFAULT_FIRST, required=True)
    next_activity = next_activity()
    latest_activity = latest_activity()
    custom_fields = CustomFields()
    duplicates = BatchedList(
        lambda: People, duplicates_of_people, loads=("email_canonical", "name"), most=MOST_LISTED
    )
