"""Erasing a person, and the report of all that is held about one."""

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.scalars import JSON
from people.services import erasing


class ErasureCount(graphene.ObjectType):
    """The number of rows or files of one sort that an erasure removed or emptied."""

    what = graphene.String(required=True, description="What was removed or emptied.")
    number = graphene.Int(required=True, description="How many of it.")


class ErasureQuery(graphene.ObjectType):
    person_report = Guarded(
        JSON,
        id=graphene.ID(required=True),
        required=True,
        description="Everything that is held about a person, as far as the caller sees it.",
    )

    @staticmethod
    def resolve_person_report(_root: object, info: GraphQLResolveInfo, *, id: str) -> object:
        return erasing.report_person(id, actor=actor_of(info))


class ErasureMutation(graphene.ObjectType):
    erase_people = MutationField(
        graphene.List(graphene.NonNull(ErasureCount)),
        permission=Action.ERASE,
        id=graphene.ID(required=True),
        description="Remove a person for good from every table and stored file of the company; leads stay"
        " without what they said of the person. Needs an administrator, and a token with the scope erase.",
    )

    @staticmethod
    def resolve_erase_people(_root: object, info: GraphQLResolveInfo, *, id: str) -> list[dict[str, object]]:
        counts = erasing.erase_person(id, actor=actor_of(info))
        return [{"what": what, "number": number} for what, number in counts.items()]
