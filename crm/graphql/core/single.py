"""Queries for one row."""

from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load
from crm.models.base import pick


def read_one(info: GraphQLResolveInfo, type_: Any, key: object, *, argument: str = "id") -> Any:
    """Give one visible row by key, with what the field's selection needs.

    :raises NotFound: if no such row exists for the actor.
    """
    visible = type_._meta.model._default_manager.visible_to(actor_of(info))
    return pick(load(visible, type_, info.field_nodes, info), key, argument=argument)


class SingleField(Guarded):
    """A query for one row by id; null data and NOT_FOUND where it does not exist."""

    def __init__(self, type_: Any, **kwargs: Any) -> None:
        super().__init__(type_, id=graphene.ID(required=True), resolver=self._resolve, **kwargs)
        self.row_type = type_

    def _resolve(self, _root: Any, info: GraphQLResolveInfo, *, id: str) -> Any:
        return read_one(info, self.row_type, id)
