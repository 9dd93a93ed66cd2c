"""A ``where`` input that comes as JSON outside a document: in a command, or kept by a job."""

from functools import cache
from typing import Any

import graphene
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.module_loading import import_string
from graphql import GraphQLError, GraphQLInputType, coerce_input_value

from crm.actors import Actor
from crm.errors import BadUserInput
from crm.graphql.lists.columns import ListFilterSet
from crm.graphql.lists.where import condition, where_input


def filtered(
    rows: QuerySet[Any], where: object, graphql_list: tuple[str, str], *, actor: Actor
) -> QuerySet[Any]:
    """Narrow rows to those that a ``where`` in plain JSON means.

    :param graphql_list: the name of the list in the API, and the import path of its columns.
    :raises ValidationError: keyed ``where``, with what is wrong.
    """
    if where is None:
        return rows
    filterset: type[ListFilterSet] = import_string(graphql_list[1])
    try:
        values = coerce_input_value(where, _input_type(*graphql_list), _refuse)
        return rows.filter(condition(values, filterset, actor))
    except (GraphQLError, BadUserInput) as refused:
        raise ValidationError({"where": [refused.message]}) from refused


def _refuse(path: list[str | int], value: object, error: GraphQLError) -> None:
    place = ".".join(map(str, path))
    raise GraphQLError(f"{place}: {error.message}" if place else error.message)


@cache
def _input_type(name: str, path: str) -> GraphQLInputType:
    where = where_input("Query", name, import_string(path))

    class Query(graphene.ObjectType):
        rows = graphene.Int(where=graphene.Argument(where))

    type_: Any = graphene.Schema(query=Query).graphql_schema.query_type
    found: GraphQLInputType = type_.fields["rows"].args["where"].type
    return found
