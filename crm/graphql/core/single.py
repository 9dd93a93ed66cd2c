"""Queries for one row."""

import graphene
from django.db.models import Model
from graphql import GraphQLResolveInfo

from crm.graphql.core.fields import RowType
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load
from crm.models.base import pick


def read_one(info: GraphQLResolveInfo, type_: RowType, key: object, *, argument: str = "id") -> Model:
    """Return one visible row by key, with the columns that the field's selection needs."""
    visible = type_._meta.model._default_manager.visible_to(actor_of(info))
    row: Model = pick(load(visible, type_, info.field_nodes, info), key, argument=argument)
    return row


class SingleField(Guarded):
    """A query for one row by id; null and the error NOT_FOUND if it does not exist."""

    def __init__(self, type_: RowType) -> None:
        super().__init__(type_, id=graphene.ID(required=True), resolver=self._resolve)
        self.row_type = type_

    def _resolve(self, _root: object, info: GraphQLResolveInfo, *, id: str) -> object:
        return read_one(info, self.row_type, id)
