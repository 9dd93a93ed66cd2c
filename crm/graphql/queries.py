"""Queries for users, companies and tags."""

import graphene
from graphql import GraphQLResolveInfo

from crm import models
from crm.errors import NotFound
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load
from crm.graphql.core.single import SingleField, read_one
from crm.graphql.lists.canonical_columns import EmailColumn
from crm.graphql.lists.columns import (
    BooleanColumn,
    IdColumn,
    IntegerColumn,
    ListFilterSet,
    TextColumn,
    UuidColumn,
)
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import Company, Tag, User


class UserFilterSet(ListFilterSet):
    row_model = models.User
    search_method = "search"
    order_columns = {name: name for name in ("id", "displayname", "updated_at")} | {
        "created_at": "date_joined"
    }

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    firstname = TextColumn("first_name")
    lastname = TextColumn("last_name")
    displayname = TextColumn("displayname")
    email = EmailColumn("email")
    is_active = BooleanColumn("is_active")


class CompanyFilterSet(ListFilterSet):
    row_model = models.Company
    search_method = "search"
    order_columns = {name: name for name in ("id", "name", "created_at", "updated_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    name = TextColumn("name")
    is_active = BooleanColumn("is_active")


class TagFilterSet(ListFilterSet):
    row_model = models.Tag
    search_method = "search"
    order_columns = {name: name for name in ("id", "name", "slug", "weight", "created_at")}

    id = IdColumn("id")
    name = TextColumn("name")
    slug = TextColumn("slug")
    weight = IntegerColumn("weight")
    is_feature = BooleanColumn("is_feature")


class Query(graphene.ObjectType):
    me = Guarded(User, required=True)
    current_company = Guarded(Company, required=True)
    companies = list_field(
        # Clients choose their company from this list, so it is not limited to the current one.
        "companies",
        Company,
        CompanyFilterSet,
        source=lambda actor: models.Company.objects.open_to(actor),
    )
    user = SingleField(User)
    users = list_field("users", User, UserFilterSet)
    tags = list_field("tags", Tag, TagFilterSet)

    @staticmethod
    def resolve_me(_root: object, info: GraphQLResolveInfo) -> object:
        return read_one(info, User, actor_of(info).user_id)

    @staticmethod
    def resolve_current_company(_root: object, info: GraphQLResolveInfo) -> object:
        found = load(
            models.Company.objects.visible_to(actor_of(info)), Company, info.field_nodes, info
        ).first()
        # The membership may end between the authentication and this statement.
        if found is None:
            raise NotFound
        return found
