"""Mutations of one contact, address, position or contact type; counts of people and organizations."""

import graphene
from django.db.models import Subquery
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutations import create_mutation, delete_mutation, update_mutation
from crm.graphql.core.permissions import Guarded, actor_of
from crm.models.tags import Tag
from crm.models.tallies import TalliedModel, count_visible
from people import models
from people.graphql.inputs import AddressInput, ContactInput, ContactTypeInput, EmploymentPeopleHistoryInput
from people.graphql.types import Address, Contact, ContactType, PeopleEmploymentHistory
from people.services import contact_types, person_details

PERMISSION = Action.CHANGE_PEOPLE
#: The API's names of an employment's fields, where they differ.
EMPLOYMENT_NAMES = {"person": "peoples_id", "organization": "organizations_id"}


def count_field(name: str, model: type[TalliedModel]) -> Guarded:
    """Declare a query for the number of rows that the caller sees."""
    return Guarded(graphene.Int, name=name, resolver=lambda _root, info: count_visible(model, actor_of(info)))


class CountQuery(graphene.ObjectType):
    people_count = count_field("peopleCount", models.Person)
    people_count_by_tag = Guarded(graphene.Int, tag=graphene.String(required=True))
    organization_count = count_field("organizationCount", models.Organization)

    @staticmethod
    def resolve_people_count_by_tag(_root: object, info: GraphQLResolveInfo, *, tag: str) -> int:
        actor = actor_of(info)
        meant = Tag.objects.visible_to(actor).labelled(tag).values("pk")[:1]
        return models.Person.objects.visible_to(actor).filter(tags=Subquery(meant)).count()


class PersonDetailMutation(graphene.ObjectType):
    create_contact = create_mutation(
        Contact, person_details.create_contact, ContactInput, permission=PERMISSION, owner="people_id"
    )
    update_contact = update_mutation(
        Contact, person_details.update_contact, ContactInput, permission=PERMISSION
    )
    delete_contact = delete_mutation(person_details.delete_contact, permission=PERMISSION)
    create_people_address = create_mutation(
        Address,
        person_details.create_address,
        AddressInput,
        permission=PERMISSION,
        owner="people_id",
    )
    update_people_address = update_mutation(
        Address,
        person_details.update_address,
        AddressInput,
        permission=PERMISSION,
    )
    delete_people_address = delete_mutation(person_details.delete_address, permission=PERMISSION)
    create_people_employment_history = create_mutation(
        PeopleEmploymentHistory,
        person_details.create_employment,
        EmploymentPeopleHistoryInput,
        permission=PERMISSION,
        names=EMPLOYMENT_NAMES,
    )
    update_people_employment_history = update_mutation(
        PeopleEmploymentHistory,
        person_details.update_employment,
        EmploymentPeopleHistoryInput,
        permission=PERMISSION,
        names=EMPLOYMENT_NAMES,
    )
    delete_people_employment_history = delete_mutation(
        person_details.delete_employment, permission=PERMISSION
    )
    create_contact_type = create_mutation(
        ContactType, contact_types.create_contact_type, ContactTypeInput, permission=Action.CHANGE_LOOKUPS
    )
    update_contact_type = update_mutation(
        ContactType, contact_types.update_contact_type, ContactTypeInput, permission=Action.CHANGE_LOOKUPS
    )
    delete_contact_type = delete_mutation(
        contact_types.delete_contact_type,
        permission=Action.CHANGE_LOOKUPS,
        replaceable=True,
    )
