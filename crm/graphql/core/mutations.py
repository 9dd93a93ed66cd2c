"""Mutations that call one service: create, update, delete, restore, reorder.

A mutation that does more than one call is a ``MutationField`` with a resolver of its own.
"""

from collections.abc import Callable, Mapping
from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.arguments import Values
from crm.graphql.core.bulk import BulkResult, ids_argument
from crm.graphql.core.fields import RowType
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import load, refetch

#: A service; it also takes the actor, as ``actor=``.
Service = Callable[..., Any]


def create_mutation(
    type_: RowType,
    service: Service,
    input_type: type[graphene.InputObjectType],
    *,
    permission: Action,
    name: str | None = None,
    names: Mapping[str, str] | None = None,
    owner: str | None = None,
    required: bool = True,
) -> MutationField:
    """Declare a mutation that calls ``service(input)`` and returns the new row.

    :param names: the API's names of model fields, where they differ.
    :param owner: argument that names the row to which the new one belongs: ``service(owner, input)``.
    :param required: whether the input must be given; the service gets an empty one otherwise.
    """

    def resolve(
        _root: object, info: GraphQLResolveInfo, *, input: Values | None = None, **key: str
    ) -> object:
        # Missing fields are refused by the service, with the same message at every door.
        return refetch(info, type_, service(*key.values(), input or {}, actor=actor_of(info)))

    return MutationField(
        type_,
        name=name,
        permission=permission,
        prefix="input",
        names=names,
        resolver=resolve,
        **({owner: graphene.ID(required=True)} if owner else {}),
        input=graphene.Argument(input_type, required=required),
    )


def update_mutation(
    type_: RowType,
    service: Service,
    input_type: type[graphene.InputObjectType],
    *,
    permission: Action,
    name: str | None = None,
    names: Mapping[str, str] | None = None,
    key: str | None = "id",
    required: bool = True,
    versioned: bool = False,
) -> MutationField:
    """Declare a mutation that calls ``service(key, input)`` and returns the changed row.

    :param key: argument that names the row; None for the actor's company: ``service(input)``.
    :param versioned: whether the service takes an ``expected_version``.
    """

    def resolve(
        _root: object, info: GraphQLResolveInfo, *, input: Values | None = None, **options: Any
    ) -> object:
        keys = [options.pop(key)] if key else []
        return refetch(info, type_, service(*keys, input or {}, actor=actor_of(info), **options))

    return MutationField(
        type_,
        name=name,
        permission=permission,
        prefix="input",
        names=names,
        resolver=resolve,
        **({key: graphene.ID(required=True)} if key else {}),
        input=graphene.Argument(input_type, required=required),
        **_version_argument(versioned),
    )


def row_mutation(
    type_: RowType, service: Service, *, permission: Action, name: str | None = None
) -> MutationField:
    """Declare a mutation that calls ``service(id)`` and returns the row that the service returns."""

    def resolve(_root: object, info: GraphQLResolveInfo, *, id: str) -> object:
        return refetch(info, type_, service(id, actor=actor_of(info)))

    return MutationField(
        type_, name=name, permission=permission, resolver=resolve, id=graphene.ID(required=True)
    )


def delete_mutation(
    service: Service,
    *,
    permission: Action,
    name: str | None = None,
    versioned: bool = False,
    replaceable: bool = False,
) -> MutationField:
    """Declare a mutation that calls ``service(id)`` and returns true.

    :param versioned: whether the service takes an ``expected_version``.
    :param replaceable: whether the service takes a ``replacement_key``, the row that takes over.
    """

    def resolve(_root: object, info: GraphQLResolveInfo, *, id: str, **options: Any) -> bool:
        if replaceable:
            # The API names an id, services name a key: an id or a UUID.
            options["replacement_key"] = options.pop("replacement_id", None)
        service(id, actor=actor_of(info), **options)
        # Not what the service returns: the contract's deletions return true or an error.
        return True

    return MutationField(
        graphene.Boolean,
        name=name,
        permission=permission,
        resolver=resolve,
        id=graphene.ID(required=True),
        **_version_argument(versioned),
        **({"replacement_id": graphene.ID()} if replaceable else {}),
    )


def restore_mutation(service: Service, *, permission: Action, name: str | None = None) -> MutationField:
    """Declare a mutation that undoes a deletion by ``service(id)`` and returns true."""
    return delete_mutation(service, name=name, permission=permission)


def bulk_mutation(service: Service, *, permission: Action, name: str | None = None) -> MutationField:
    """Declare a mutation that calls ``service(ids)`` and returns how many rows changed."""

    def resolve(_root: object, info: GraphQLResolveInfo, *, ids: list[str]) -> object:
        return service(ids, actor=actor_of(info))

    return MutationField(BulkResult, name=name, permission=permission, resolver=resolve, ids=ids_argument())


def reorder_mutation(
    type_: RowType, service: Service, *, permission: Action, name: str | None = None
) -> MutationField:
    """Declare a mutation that calls ``service(ids)`` and returns all rows of the type by their weight."""

    def resolve(_root: object, info: GraphQLResolveInfo, *, ids: list[str]) -> object:
        actor = actor_of(info)
        service(ids, actor=actor)
        # All rows: the service refuses ids that leave one out.
        rows = type_._meta.model._default_manager.visible_to(actor)
        return load(rows, type_, info.field_nodes, info).order_by("weight", "pk")

    return MutationField(
        graphene.List(graphene.NonNull(type_)),
        name=name,
        permission=permission,
        resolver=resolve,
        ids=ids_argument(),
    )


def _version_argument(versioned: bool) -> dict[str, graphene.Int]:
    return {"expected_version": graphene.Int()} if versioned else {}
