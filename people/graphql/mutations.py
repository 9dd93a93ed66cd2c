"""Mutations of people and organizations."""

from collections.abc import Mapping
from typing import Any

import graphene
from django.core.exceptions import ValidationError
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.arguments import input_paths
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from people.graphql.inputs import OrganizationInput, OrganizationPeopleInput, PeopleInput
from people.graphql.types import Organization, People
from people.services import organizations, people

MAY = Action.CHANGE_PEOPLE


class Mutation(graphene.ObjectType):
    """What can be changed about people and organizations."""

    create_people = MutationField(
        People,
        name="createPeople",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(PeopleInput, required=True),
    )
    update_people = MutationField(
        People,
        name="updatePeople",
        permission=MAY,
        prefix="input",
        id=graphene.ID(required=True),
        input=graphene.Argument(PeopleInput, required=True),
        expected_version=graphene.Int(),
    )
    delete_people = MutationField(
        graphene.Boolean,
        name="deletePeople",
        permission=MAY,
        id=graphene.ID(required=True),
        expected_version=graphene.Int(),
    )
    restore_people = MutationField(
        graphene.Boolean, name="restorePeople", permission=MAY, id=graphene.ID(required=True)
    )
    create_organization = MutationField(
        Organization,
        name="createOrganization",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(OrganizationInput, required=True),
    )
    update_organization = MutationField(
        Organization,
        name="updateOrganization",
        permission=MAY,
        prefix="input",
        id=graphene.ID(required=True),
        input=graphene.Argument(OrganizationInput, required=True),
        expected_version=graphene.Int(),
    )
    delete_organization = MutationField(
        graphene.Boolean,
        name="deleteOrganization",
        permission=MAY,
        id=graphene.ID(required=True),
        expected_version=graphene.Int(),
    )
    restore_organization = MutationField(
        graphene.Boolean, name="restoreOrganization", permission=MAY, id=graphene.ID(required=True)
    )
    add_people_to_organization = MutationField(
        Organization,
        name="addPeopleToOrganization",
        permission=MAY,
        people_id=graphene.ID(),
        organization_id=graphene.ID(),
        input=OrganizationPeopleInput(),
    )
    remove_people_from_organization = MutationField(
        graphene.Boolean,
        name="removePeopleFromOrganization",
        permission=MAY,
        people_id=graphene.ID(),
        organization_id=graphene.ID(),
        input=OrganizationPeopleInput(),
    )

    @staticmethod
    def resolve_create_people(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        return refetch(info, People, people.create_person(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_people(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        id: str,
        input: Any,
        expected_version: int | None = None,
    ) -> Any:
        person = people.update_person(id, input, actor=actor_of(info), expected_version=expected_version)
        return refetch(info, People, person)

    @staticmethod
    def resolve_delete_people(_root: Any, info: GraphQLResolveInfo, *, id: str, **options: Any) -> bool:
        people.delete_person(id, actor=actor_of(info), **options)
        return True

    @staticmethod
    def resolve_restore_people(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        people.restore_person(id, actor=actor_of(info))
        return True

    @staticmethod
    def resolve_create_organization(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        return refetch(info, Organization, organizations.create_organization(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_organization(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        id: str,
        input: Any,
        expected_version: int | None = None,
    ) -> Any:
        organization = organizations.update_organization(
            id, input, actor=actor_of(info), expected_version=expected_version
        )
        return refetch(info, Organization, organization)

    @staticmethod
    def resolve_delete_organization(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        id: str,
        **options: Any,
    ) -> bool:
        organizations.delete_organization(id, actor=actor_of(info), **options)
        return True

    @staticmethod
    def resolve_restore_organization(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        organizations.restore_organization(id, actor=actor_of(info))
        return True

    @staticmethod
    def resolve_add_people_to_organization(_root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        prefix, organization_key, people_keys = _membership(arguments)
        with input_paths(prefix, {}):
            organization = organizations.add_people(organization_key, people_keys, actor=actor_of(info))
        return refetch(info, Organization, organization)

    @staticmethod
    def resolve_remove_people_from_organization(
        _root: Any, info: GraphQLResolveInfo, **arguments: Any
    ) -> bool:
        prefix, organization_key, people_keys = _membership(arguments)
        with input_paths(prefix, {}):
            return organizations.remove_people(organization_key, people_keys, actor=actor_of(info))


def _membership(arguments: Mapping[str, Any]) -> tuple[str, object, dict[str, object]]:
    """Read organization and people from the flat arguments, or from ``input``, but not from both.

    Gives the argument that holds them, the organization, and the people by their path within it.
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
