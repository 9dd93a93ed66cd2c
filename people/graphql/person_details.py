"""Contacts, addresses and positions, one at a time; contact types; and people counted."""

from typing import Any

import graphene
from django.db.models import Q
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.database.patterns import as_pattern
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import refetch
from crm.models.tags import tag_slug
from crm.models.tallies import count_visible
from people import models
from people.graphql.inputs import AddressInput, ContactInput, ContactTypeInput, EmploymentPeopleHistoryInput
from people.graphql.types import Address, Contact, ContactType, PeopleEmploymentHistory
from people.services import contact_types, person_details

MAY = Action.CHANGE_PEOPLE
#: What the API calls the relations of a position.
NAMES = {"person": "peoples_id", "organization": "organizations_id"}


def _create(type_: Any, input_type: Any, name: str) -> MutationField:
    return MutationField(
        type_,
        name=name,
        permission=MAY,
        prefix="input",
        people_id=graphene.ID(required=True),
        input=graphene.Argument(input_type, required=True),
    )


def _update(type_: Any, input_type: Any, name: str, *, permission: Action = MAY) -> MutationField:
    return MutationField(
        type_,
        name=name,
        permission=permission,
        prefix="input",
        names=NAMES,
        id=graphene.ID(required=True),
        input=graphene.Argument(input_type, required=True),
    )


def _delete(name: str) -> MutationField:
    return MutationField(graphene.Boolean, name=name, permission=MAY, id=graphene.ID(required=True))


class CountQuery(graphene.ObjectType):
    """How many people and organizations there are."""

    people_count = Guarded(graphene.Int, name="peopleCount")
    people_count_by_tag = Guarded(graphene.Int, name="peopleCountByTag", tag=graphene.String(required=True))
    organization_count = Guarded(graphene.Int, name="organizationCount")

    @staticmethod
    def resolve_people_count(_root: Any, info: GraphQLResolveInfo) -> int:
        return count_visible(models.Person, actor_of(info))

    @staticmethod
    def resolve_people_count_by_tag(_root: Any, info: GraphQLResolveInfo, *, tag: str) -> int:
        name = tag.strip()
        tagged = Q(tags__name__like=as_pattern(name)) | Q(tags__slug=tag_slug(name))
        rows = models.Person.objects.visible_to(actor_of(info))
        return rows.filter(tagged).distinct().count()

    @staticmethod
    def resolve_organization_count(_root: Any, info: GraphQLResolveInfo) -> int:
        return count_visible(models.Organization, actor_of(info))


class PartsMutation(graphene.ObjectType):
    """What can be changed about the parts of a person."""

    create_contact = _create(Contact, ContactInput, "createContact")
    update_contact = _update(Contact, ContactInput, "updateContact")
    delete_contact = _delete("deleteContact")
    create_people_address = _create(Address, AddressInput, "createPeopleAddress")
    update_people_address = _update(Address, AddressInput, "updatePeopleAddress")
    delete_people_address = _delete("deletePeopleAddress")
    create_people_employment_history = MutationField(
        PeopleEmploymentHistory,
        name="createPeopleEmploymentHistory",
        permission=MAY,
        prefix="input",
        names=NAMES,
        input=graphene.Argument(EmploymentPeopleHistoryInput, required=True),
    )
    update_people_employment_history = _update(
        PeopleEmploymentHistory, EmploymentPeopleHistoryInput, "updatePeopleEmploymentHistory"
    )
    delete_people_employment_history = _delete("deletePeopleEmploymentHistory")
    create_contact_type = MutationField(
        ContactType,
        name="createContactType",
        permission=Action.CHANGE_LOOKUPS,
        prefix="input",
        input=graphene.Argument(ContactTypeInput, required=True),
    )
    update_contact_type = _update(
        ContactType, ContactTypeInput, "updateContactType", permission=Action.CHANGE_LOOKUPS
    )
    delete_contact_type = MutationField(
        graphene.Boolean,
        name="deleteContactType",
        permission=Action.CHANGE_LOOKUPS,
        id=graphene.ID(required=True),
        replacement_id=graphene.ID(),
    )

    @staticmethod
    def resolve_create_contact(_root: Any, info: GraphQLResolveInfo, *, people_id: str, input: Any) -> Any:
        return refetch(info, Contact, person_details.create_contact(people_id, input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_contact(_root: Any, info: GraphQLResolveInfo, *, id: str, input: Any) -> Any:
        return refetch(info, Contact, person_details.update_contact(id, input, actor=actor_of(info)))

    @staticmethod
    def resolve_delete_contact(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        person_details.delete_contact(id, actor=actor_of(info))
        return True

    @staticmethod
    def resolve_create_people_address(
        _root: Any, info: GraphQLResolveInfo, *, people_id: str, input: Any
    ) -> Any:
        return refetch(info, Address, person_details.create_address(people_id, input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_people_address(_root: Any, info: GraphQLResolveInfo, *, id: str, input: Any) -> Any:
        return refetch(info, Address, person_details.update_address(id, input, actor=actor_of(info)))

    @staticmethod
    def resolve_delete_people_address(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        person_details.delete_address(id, actor=actor_of(info))
        return True

    @staticmethod
    def resolve_create_people_employment_history(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        made = person_details.create_employment(input, actor=actor_of(info))
        return refetch(info, PeopleEmploymentHistory, made)

    @staticmethod
    def resolve_update_people_employment_history(
        _root: Any, info: GraphQLResolveInfo, *, id: str, input: Any
    ) -> Any:
        changed = person_details.update_employment(id, input, actor=actor_of(info))
        return refetch(info, PeopleEmploymentHistory, changed)

    @staticmethod
    def resolve_delete_people_employment_history(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        person_details.delete_employment(id, actor=actor_of(info))
        return True

    @staticmethod
    def resolve_create_contact_type(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        made = contact_types.create_contact_type(input, actor=actor_of(info))
        return refetch(info, ContactType, made)

    @staticmethod
    def resolve_update_contact_type(_root: Any, info: GraphQLResolveInfo, *, id: str, input: Any) -> Any:
        changed = contact_types.update_contact_type(id, input, actor=actor_of(info))
        return refetch(info, ContactType, changed)

    @staticmethod
    def resolve_delete_contact_type(
        _root: Any, info: GraphQLResolveInfo, *, id: str, replacement_id: str | None = None
    ) -> bool:
        contact_types.delete_contact_type(id, actor=actor_of(info), replacement_key=replacement_id)
        return True
