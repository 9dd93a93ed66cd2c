"""A schema with one stream, whose records exist in this module alone."""

import asyncio
import threading
from typing import Any, ClassVar

import graphene
from graphene.types.generic import GenericScalar

from crm.actors import Action, Actor
from crm.errors import NotFound
from crm.graphql.core.permissions import Guarded, actor_of
from tests.events.layers import emit_events, make_event
from tests.patience import PATIENCE_SECONDS

#: Records that no resolver finds, though an event may speak of them.
HIDDEN = 404
UUID_OF_NINE = "00000000-0000-4000-8000-000000000009"


class Gate:
    """Holds up the resolvers called ``wait``."""

    entered = threading.Event()
    opened = threading.Event()

    @classmethod
    def reset(cls) -> None:
        cls.entered.clear()
        cls.opened.clear()

    @classmethod
    async def somebody_waits(cls) -> bool:
        return await asyncio.to_thread(cls.entered.wait, 5)

    @classmethod
    def pass_through(cls) -> str:
        cls.entered.set()
        cls.opened.wait(PATIENCE_SECONDS)
        return "waited"


class Thing(graphene.ObjectType):
    id = graphene.ID(required=True)
    reader = graphene.ID()
    text = graphene.String()
    broken = graphene.String()
    wait = graphene.String()

    #: The records that were resolved, in all tests until now.
    resolved: ClassVar[list[int]] = []

    @staticmethod
    def resolve_reader(root: Any, info: graphene.ResolveInfo) -> int | None:
        return actor_of(info).user_id

    @staticmethod
    def resolve_text(root: Any, info: graphene.ResolveInfo) -> str:
        return "x" * 8_000

    @staticmethod
    def resolve_broken(root: Any, info: graphene.ResolveInfo) -> None:
        raise RuntimeError("a secret of the inside")

    @staticmethod
    def resolve_wait(root: Any, info: graphene.ResolveInfo) -> str:
        return Gate.pass_through()


class Query(graphene.ObjectType):
    ping = graphene.String()
    reader = Guarded(graphene.ID)
    wait = graphene.String()
    unsendable = GenericScalar()

    @staticmethod
    def resolve_ping(root: Any, info: graphene.ResolveInfo) -> str:
        return "pong"

    @staticmethod
    def resolve_unsendable(root: Any, info: graphene.ResolveInfo) -> object:
        return object()

    @staticmethod
    def resolve_reader(root: Any, info: graphene.ResolveInfo) -> int | None:
        return actor_of(info).user_id

    @staticmethod
    def resolve_wait(root: Any, info: graphene.ResolveInfo) -> str:
        return Gate.pass_through()


class Mutation(graphene.ObjectType):
    touch = Guarded(graphene.ID, id=graphene.ID(required=True), permission=Action.CHANGE_LEADS)

    @staticmethod
    def resolve_touch(root: Any, info: graphene.ResolveInfo, id: str) -> str:
        emit_events(make_event(int(id), company_id=actor_of(info).company_id))
        return id


class ThingUpdate(Guarded):
    """The subscription to things: to all, or to one by its id."""

    @staticmethod
    def check_subscription(actor: Actor, *, id: str | None = None) -> int | None:
        if id is None:
            return None
        if id not in ("9", UUID_OF_NINE):
            raise NotFound
        return 9


class Subscription(graphene.ObjectType):
    thing_update = ThingUpdate(Thing, name="thingUpdate", id=graphene.ID(), after=graphene.ID())
    for_admins = Guarded(Thing, name="forAdmins", permission=Action.MANAGE_COMPANY)

    @staticmethod
    def resolve_thing_update(root: Any, info: graphene.ResolveInfo, **arguments: Any) -> Thing | None:
        Thing.resolved.append(root.event.object_id)
        return None if root.event.object_id == HIDDEN else Thing(id=root.event.object_id)


schema = graphene.Schema(
    query=Query, mutation=Mutation, subscription=Subscription, auto_camelcase=False
).graphql_schema
