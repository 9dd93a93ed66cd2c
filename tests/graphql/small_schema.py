"""A schema that is small and misbehaves on request, for what is not about the product's own schema."""

from typing import Any

import graphene
from graphql import DirectiveLocation, GraphQLDirective, specified_directives

from crm.actors import Action
from crm.errors import Conflict, ConflictReason, NotFound
from crm.graphql.core.permissions import Guarded, actor_of

#: What ``Query.boom`` raises, by name; tests add to it.
FAULTS: dict[str, BaseException] = {}


class Colour(graphene.Enum):
    RED = "red"


class ThingInput(graphene.InputObjectType):
    name = graphene.String()
    colour = Colour()
    parent = graphene.InputField(lambda: ThingInput)
    tags = graphene.List(graphene.NonNull(graphene.String))


class Thing(graphene.ObjectType):
    id = graphene.ID(required=True)
    name = graphene.String()
    parent = graphene.Field(lambda: Thing)
    children = graphene.List(graphene.NonNull(lambda: Thing))
    notes = graphene.List(graphene.String)
    label = graphene.String(tags=graphene.List(graphene.List(graphene.String)), input=ThingInput())
    page = graphene.Field(
        lambda: ThingPaginator, first=graphene.Int(required=True, default_value=25), required=True
    )
    latest = graphene.List(lambda: Thing, first=graphene.Int())

    def resolve_parent(self: Any, info: graphene.ResolveInfo) -> Any:
        return self

    def resolve_children(self: Any, info: graphene.ResolveInfo) -> list[Any]:
        return [self]

    def resolve_page(self: Any, info: graphene.ResolveInfo, first: int) -> dict[str, Any]:
        return {"data": [], "total": 0}

    def resolve_latest(self: Any, info: graphene.ResolveInfo, first: int | None = None) -> list[Any]:
        return []


class PageInfo(graphene.ObjectType):
    total = graphene.Int()


class ThingPaginator(graphene.ObjectType):
    data = graphene.List(graphene.NonNull(Thing), required=True)
    info = graphene.Field(PageInfo)
    total = graphene.Int()


class Query(graphene.ObjectType):
    ping = graphene.String(text=graphene.String(), number=graphene.Int(), id=graphene.ID())
    ids = graphene.Int(values=graphene.List(graphene.ID))
    big = graphene.Field(graphene.JSONString)
    thing = Guarded(Thing, input=ThingInput())
    things = Guarded(ThingPaginator, first=graphene.Int(required=True, default_value=25))
    roots = Guarded(graphene.List(Thing))
    admins_only = Guarded(graphene.String, name="admins_only", permission=Action.MANAGE_COMPANY)
    user_id = Guarded(graphene.ID, name="user_id")
    boom = graphene.String(kind=graphene.String(required=True))
    required_boom = graphene.String(required=True)
    bad_number = graphene.Int()

    def resolve_ping(self: Any, info: graphene.ResolveInfo, **arguments: Any) -> str:
        return str(arguments.get("text") or arguments.get("id") or "pong")

    def resolve_ids(self: Any, info: graphene.ResolveInfo, values: list[str]) -> int:
        return len(values)

    def resolve_thing(self: Any, info: graphene.ResolveInfo, **arguments: Any) -> Thing:
        return Thing(id=1, name="first")

    def resolve_things(self: Any, info: graphene.ResolveInfo, first: int) -> dict[str, Any]:
        return {"data": [Thing(id=1, name="first")], "total": 1}

    def resolve_roots(self: Any, info: graphene.ResolveInfo) -> list[Thing]:
        return []

    def resolve_user_id(self: Any, info: graphene.ResolveInfo) -> int | None:
        return actor_of(info).user_id

    def resolve_boom(self: Any, info: graphene.ResolveInfo, kind: str) -> str:
        raise FAULTS[kind]

    def resolve_required_boom(self: Any, info: graphene.ResolveInfo) -> None:
        return None

    def resolve_bad_number(self: Any, info: graphene.ResolveInfo) -> str:
        return "secret text"


class Mutation(graphene.ObjectType):
    make = Guarded(Thing, input=ThingInput(required=True), permission=Action.CHANGE_LEADS)
    clash = Guarded(Thing)
    lose = Guarded(Thing)

    def resolve_make(self: Any, info: graphene.ResolveInfo, input: ThingInput) -> Thing:
        return Thing(id=2, name=input.get("name"))

    def resolve_clash(self: Any, info: graphene.ResolveInfo) -> None:
        raise Conflict(ConflictReason.VERSION, current_version=3)

    def resolve_lose(self: Any, info: graphene.ResolveInfo) -> None:
        raise NotFound("input.people_id")


class Subscription(graphene.ObjectType):
    changed = graphene.Field(Thing, first=graphene.Int())

    def resolve_changed(self: Any, info: graphene.ResolveInfo, first: int | None = None) -> Thing:
        return Thing(id=self["id"], name=f"seen by {actor_of(info).user_id}")


MARK = GraphQLDirective("mark", locations=list(DirectiveLocation), is_repeatable=True)

schema = graphene.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    auto_camelcase=False,
    directives=[*specified_directives, MARK],
).graphql_schema
