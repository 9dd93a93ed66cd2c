"""Mutations of people and organizations."""

import graphene
from django.core.exceptions import ValidationError
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.arguments import Values, input_paths
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.mutations import (
    bulk_mutation,
    create_mutation,
    delete_mutation,
    restore_mutation,
    update_mutation,
)
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from people.graphql.inputs import OrganizationInput, OrganizationPeopleInput, PeopleInput
from people.graphql.types import Organization, People
from people.services import organizations, people
from people.services.person_organizations import add_people, remove_people

PERMISSION = Action.CHANGE_PEOPLE


class Mutation(graphene.ObjectType):
    create_people = create_mutation(People, people.create_person, PeopleInput, permission=PERMISSION)
    update_people = update_mutation(
        People, people.update_person, PeopleInput, permission=PERMISSION, versioned=True
    )
    delete_people = delete_mutation(people.delete_person, permission=PERMISSION, versioned=True)
    restore_people = restore_mutation(people.restore_person, permission=PERMISSION)
    delete_peoples = bulk_mutation(people.delete_people, permission=PERMISSION)
    restore_peoples = bulk_mutation(people.restore_people, permission=PERMISSION)
    create_organization = create_mutation(
        Organization, organizations.create_organization, OrganizationInput, permission=PERMISSION
    )
    update_organization = update_mutation(
        Organization,
        organizations.update_organization,
        OrganizationInput,
        permission=PERMISSION,
        versioned=True,
    )
    delete_organization = delete_mutation(
        organizations.delete_organization, permission=PERMISSION, versioned=True
    )
    restore_organization = restore_mutation(organizations.restore_organization, permission=PERMISSION)
    add_people_to_organization = MutationField(
        Organization,
        permission=PERMISSION,
        # The contract has both forms: flat arguments for one person, an input for several.
        people_id=graphene.ID(),
        organization_id=graphene.ID(),
        input=OrganizationPeopleInput(),
    )
    remove_people_from_organization = MutationField(
        graphene.Boolean,
        permission=PERMISSION,
        people_id=graphene.ID(),
        organization_id=graphene.ID(),
        input=OrganizationPeopleInput(),
    )

    @staticmethod
    def resolve_add_people_to_organization(
        _root: object, info: GraphQLResolveInfo, **arguments: object
    ) -> object:
        prefix, organization_key, people_keys = _membership(arguments)
        # Not the field's prefix, since it depends on the form of the arguments.
        with input_paths(prefix, {}):
            organization = add_people(organization_key, people_keys, actor=actor_of(info))
        return refetch(info, Organization, organization)

    @staticmethod
    def resolve_remove_people_from_organization(
        _root: object, info: GraphQLResolveInfo, **arguments: object
    ) -> bool:
        prefix, organization_key, people_keys = _membership(arguments)
        with input_paths(prefix, {}):
            return remove_people(organization_key, people_keys, actor=actor_of(info))


def _membership(arguments: Values) -> tuple[str, object, dict[str, object]]:
    """Read the organization and the people from the flat arguments or from ``input``, but not from both.

    Return the argument that holds them, the organization, and the people by their path within it.
    """
    nested = arguments.get("input")
    flat = {name for name in ("people_id", "organization_id") if arguments.get(name) is not None}
    if nested is not None and flat:
        raise ValidationError({"input": ["Give the flat arguments or input, not both."]})
    if nested is not None:
        keys = {f"peoples_id.{index}": key for index, key in enumerate(nested.get("peoples_id") or [])}
        return "input", nested["organization_id"], keys
    for name in ("people_id", "organization_id"):
        if name not in flat:
            raise ValidationError({name: ["This argument is required."]})
    return "", arguments["organization_id"], {"people_id": arguments["people_id"]}
