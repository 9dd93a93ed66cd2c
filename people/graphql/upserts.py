"""Creating a record, or changing the one that is known already: always asked for by name."""

from collections.abc import Sequence
from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import load, selected_fields
from people.graphql.inputs import OrganizationInput, PeopleInput
from people.graphql.types import Organization, People
from people.services import upserting
from people.services.upserting import USUAL_MATCH, PeopleMatch, Upserted

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
    """Upserts."""

    upsert_people = MutationField(
        PeopleUpsert,
        name="upsertPeople",
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
        name="upsertOrganization",
        permission=Action.CHANGE_PEOPLE,
        prefix="input",
        input=graphene.Argument(OrganizationInput, required=True),
        match_field=graphene.String(),
    )

    @staticmethod
    def resolve_upsert_people(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        input: Any,
        match: Sequence[Any],
        match_field: str | None = None,
    ) -> dict[str, Any]:
        done = upserting.upsert_person(
            input,
            actor=actor_of(info),
            match=tuple(PeopleMatch(way) for way in match),
            match_field=match_field,
        )
        return {
            "people": _row(info, PeopleUpsert, "people", People, done),
            "created": done.created,
            "matched_on": done.matched_on,
        }

    @staticmethod
    def resolve_upsert_organization(
        _root: Any, info: GraphQLResolveInfo, *, input: Any, match_field: str | None = None
    ) -> dict[str, Any]:
        done = upserting.upsert_organization(input, actor=actor_of(info), match_field=match_field)
        return {
            "organization": _row(info, OrganizationUpsert, "organization", Organization, done),
            "created": done.created,
        }


def _row(info: GraphQLResolveInfo, wrapper: Any, name: str, type_: Any, done: Upserted) -> Any:
    nodes = selected_fields(info, wrapper._meta.name, info.field_nodes).get(name, [])
    visible = type_._meta.model._default_manager.visible_to(actor_of(info)).filter(pk=done.record.pk)
    return load(visible, type_, nodes, info).first()
