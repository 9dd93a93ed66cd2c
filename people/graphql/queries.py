"""Queries for people and organizations."""

import graphene

from crm.graphql.lists.paginator import list_field
from people.graphql.filters import ContactTypeFilterSet, OrganizationFilterSet, PeopleFilterSet
from people.graphql.merges import winning_field
from people.graphql.types import ContactType, Organization, People


class Query(graphene.ObjectType):
    """What can be asked of people and organizations."""

    peoples = list_field("peoples", People, PeopleFilterSet)
    people = winning_field(People)
    organizations = list_field("organizations", Organization, OrganizationFilterSet)
    organization = winning_field(Organization)
    contact_types = list_field("contactType", ContactType, ContactTypeFilterSet)
