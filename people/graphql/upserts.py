"""Mutations that update the matching person or organization, or else create one."""

from collections.abc import Sequence

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch_below
from people.graphql.inputs import OrganizationInput, PeopleInput
from people.graphql.types import Organization, People
from people.services import upserting
from people.services.matching import USUAL_MATCH, PeopleMatch
from people.services.organizations import OrganizationValues
from people.services.people import PersonValues

PeopleMatchEnum = graphene.Enum.from_enum(PeopleMatch, name="PeopleMatch")


class PeopleUpsert(graphene.ObjectType):
    """A person that was created or changed, and by what a known one was found."""

    people = graphene.Field(People, required=True)
    created = graphene.Boolean(required=True)
    matched_on = graphene.Field(PeopleMatchEnum)


class OrganizationUpsert(graphene.ObjectType):
    """An organization that was created or changed."""

    organization = graphene.Field(Organization, required=True)
    created = graphene.Boolean(required=True)


class UpsertMutation(graphene.ObjectType):
    upsert_people = MutationField(
        PeopleUpsert,
        permission=Action.CHANGE_PEOPLE,
        prefix="input",
        input=graphene.Argument(PeopleInput, required=True),
        match=graphene.Argument(
            graphene.List(graphene.NonNull(PeopleMatchEnum)), required=True, default_value=list(USUAL_MATCH)
        ),
        match_field=graphene.String(),
    )
    upsert_organization = MutationField(
        OrganizationUpsert,
        permission=Action.CHANGE_PEOPLE,
        prefix="input",
        input=graphene.Argument(OrganizationInput, required=True),
        match_field=graphene.String(),
    )

    @staticmethod
    def resolve_upsert_people(
        _root: object,
        info: GraphQLResolveInfo,
        *,
        input: PersonValues,
        match: Sequence[str],
        match_field: str | None = None,
    ) -> dict[str, object]:
        upserted = upserting.upsert_person(
            input,
            actor=actor_of(info),
            # MutationField has replaced the members of the enum by their values.
            match=tuple(PeopleMatch(rule) for rule in match),
            match_field=match_field,
        )
        return {
            "people": refetch_below(info, PeopleUpsert, "people", People, upserted.record),
            "created": upserted.created,
            "matched_on": upserted.matched_on,
        }

    @staticmethod
    def resolve_upsert_organization(
        _root: object, info: GraphQLResolveInfo, *, input: OrganizationValues, match_field: str | None = None
    ) -> dict[str, object]:
        upserted = upserting.upsert_organization(input, actor=actor_of(info), match_field=match_field)
        return {
            "organization": refetch_below(
                info, OrganizationUpsert, "organization", Organization, upserted.record
            ),
            "created": upserted.created,
        }
