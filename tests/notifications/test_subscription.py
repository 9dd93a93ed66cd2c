"""The subscription ``notification`` over both transports: each to its own member, and from a cursor on."""

from contextlib import asynccontextmanager
from typing import Any

import pytest
from channels.db import database_sync_to_async

from crm.graphql.sse import GraphQLStream
from crm.graphql.websocket import GraphQLSocket
from crm.models import Event
from crm.models.tokens import new_raw_token
from crm.notifications.consuming import prepare
from crm.notifications.worker import make_once
from leads.services.leads import create_lead
from tests.clients import GraphQLSchema
from tests.events.layers import in_memory_layer, layer_in_use, redis_layer
from tests.factories.crm import ApiTokenFactory, tenant
from tests.graphql.sse.client import Stream
from tests.graphql.websocket.client import HOST, Client

NEW = "subscription ($after: ID) { notification(after: $after) { kind text by { id } } }"
LEADS = "subscription { leadUpdate { title } }"

LAYERS = [in_memory_layer, pytest.param(redis_layer, marks=pytest.mark.postgres)]


class Side:
    """A company whose manager gives leads, and a token for each member."""

    def __init__(self) -> None:
        self.tenant = tenant()
        prepare()
        self.tokens = {}
        for member, user in self.tenant.users.items():
            self.tokens[member] = new_raw_token()
            ApiTokenFactory(company=self.tenant.company, user=user, raw=self.tokens[member])

    async def give(self, member: str, title: str) -> None:
        """Have a manager give a lead to a member, and ``manage.py work`` tell of it."""
        await database_sync_to_async(self._give)(member, title)

    def _give(self, member: str, title: str) -> None:
        owner = self.tenant.users[member].pk
        create_lead({"title": title, "leads_owner_id": owner}, actor=self.tenant.actors.manager)
        make_once()


@pytest.fixture(params=LAYERS)
def side(request, transactional_db, settings):
    settings.ALLOWED_HOSTS = [HOST]
    with layer_in_use(request.param()):
        yield Side()


@asynccontextmanager
async def over_websocket(side: Side, member: str, query: str = NEW, after: str | None = None):
    """Yield a function that returns the next answer."""
    async with Client(application=GraphQLSocket.as_asgi(schema=GraphQLSchema)) as client:
        await client.open({"Authorization": f"Bearer {side.tokens[member]}"})
        await client.subscribe("a", query, variables={"after": after} if after else {})
        await client.send({"type": "ping"})
        first = await client.receive()
        waiting = [] if first == {"type": "pong"} else [first]

        async def receive() -> Any:
            while True:
                message = waiting.pop() if waiting else await client.receive()
                if message["type"] == "next":
                    return message["payload"]

        yield receive


@asynccontextmanager
async def over_stream(side: Side, member: str, query: str = NEW, after: str | None = None):
    token = side.tokens[member]
    headers = {"authorization": f"Bearer {token}"} | ({"last-event-id": after} if after else {})
    application = GraphQLStream(schema=GraphQLSchema)
    async with Stream(headers=headers, parameters={"query": query}, application=application) as stream:
        assert stream.status == 200
        await stream.frame()

        async def receive() -> Any:
            return (await stream.next()).result

        yield receive


@pytest.mark.parametrize("transport", [over_websocket, over_stream])
async def test_each_member_is_sent_their_own(side, transport):
    async with transport(side, "agent") as agent, transport(side, "admin") as admin:
        for member, title in (
            ("agent", "First"),
            ("admin", "Second"),
            ("colleague", "X"),
            ("agent", "Third"),
        ):
            await side.give(member, title)
        await side.give("admin", "Fourth")

        received = [(await agent())["data"]["notification"] for _ in range(2)]
        of_admin = [(await admin())["data"]["notification"]["text"] for _ in range(2)]

    manager = side.tenant.users["manager"]
    assert received[0] == {
        "kind": "LEAD_ASSIGNED",
        "text": f"{manager} gave you the lead First",
        "by": {"id": str(manager.pk)},
    }
    assert [each["text"] for each in received] == [
        f"{manager} gave you the lead {title}" for title in ("First", "Third")
    ]
    assert of_admin == [f"{manager} gave you the lead {title}" for title in ("Second", "Fourth")]


@pytest.mark.parametrize("transport", [over_websocket, over_stream])
async def test_a_client_that_comes_back_is_sent_what_it_missed(side, transport):
    async with transport(side, "agent") as receive:
        await side.give("agent", "First")
        cursor = (await receive())["extensions"]["cursor"]
    for member, title in (("agent", "Second"), ("manager", "X"), ("agent", "Third")):
        await side.give(member, title)

    async with transport(side, "agent", after=cursor) as receive:
        await side.give("agent", "Fourth")
        texts = [(await receive())["data"]["notification"]["text"] for _ in range(3)]

    assert [text.rpartition(" ")[2] for text in texts] == ["Second", "Third", "Fourth"]


async def test_other_listeners_are_not_sent_notifications(side):
    async with over_websocket(side, "admin", LEADS) as receive:
        await side.give("admin", "First")
        await side.give("agent", "Second")

        received = [await receive() for _ in range(2)]

    assert [each["data"]["leadUpdate"]["title"] for each in received] == ["First", "Second"]
    assert await database_sync_to_async(Event.objects.filter(entity="notification").count)() == 2
