"""Queries for people and organizations."""

import graphene

from crm.graphql.lists.paginator import list_field
from people.graphql.filters import ContactTypeFilterSet, OrganizationFilterSet, PeopleFilterSet
from people.graphql.merges import survivor_field
from people.graphql.types import ContactType, Organization, People


class Query(graphene.ObjectType):
    peoples = list_field("peoples", People, PeopleFilterSet)
    people = survivor_field(People)
    organizations = list_field("organizations", Organization, OrganizationFilterSet)
    organization = survivor_field(Organization)
    contact_types = list_field("contactType", ContactType, ContactTypeFilterSet)
