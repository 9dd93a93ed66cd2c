"""leadUpdate(where:) over both transports: a lead that leaves the filter is removed, once."""

from contextlib import asynccontextmanager
from typing import Any

import pytest
from channels.db import database_sync_to_async

from crm.events import wakeups
from crm.graphql.sse import GraphQLStream
from crm.graphql.websocket import GraphQLSocket
from crm.models.tokens import new_raw_token
from leads.services.involvement import follow_lead, unfollow_lead
from leads.services.leads import create_lead, delete_lead, update_lead
from tests.clients import GraphQLSchema
from tests.events.layers import in_memory_layer, layer_in_use
from tests.factories.crm import ApiTokenFactory, tenant
from tests.graphql.sse.client import Stream
from tests.graphql.websocket.client import HOST, Client

FILTERED = """subscription ($after: ID) {
  leadUpdate(after: $after, where: { column: TITLE, operator: LIKE, value: "Hot%" }) { title } }"""
ROTTING = "subscription { leadUpdate(where: { OR: [{ column: IS_ROTTING, value: true }] }) { title } }"


@pytest.fixture
def company(transactional_db, settings):
    """A company with two hot leads and a cold one."""
    settings.ALLOWED_HOSTS = [HOST]
    with layer_in_use(in_memory_layer()):
        yield Rows()


class Rows:
    def __init__(self) -> None:
        self.tenant = tenant()
        self.raw = new_raw_token()
        self.agent = self.tenant.users["agent"]
        ApiTokenFactory(company=self.tenant.company, user=self.agent, raw=self.raw)
        titles = ("Hot deal", "Hot offer", "Cold")
        manager = self.tenant.actors.manager
        self.hot, self.other, self.cold = (create_lead({"title": each}, actor=manager) for each in titles)

    @database_sync_to_async
    def rename(self, lead: Any, title: str) -> None:
        update_lead(lead.pk, {"title": title}, actor=self.tenant.actors.manager)
        wakeups.publish()

    @database_sync_to_async
    def run(self, service: Any, lead: Any, **values: Any) -> None:
        service(lead.pk, actor=self.tenant.actors.manager, **values)
        wakeups.publish()


@asynccontextmanager
async def over_websocket(rows: Rows, query: str = FILTERED, after: str | None = None):
    """Yield a function that returns the next answer."""
    async with Client(application=GraphQLSocket.as_asgi(schema=GraphQLSchema)) as client:
        await client.open({"Authorization": f"Bearer {rows.raw}"})
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
async def over_stream(rows: Rows, query: str = FILTERED, after: str | None = None):
    headers = {"authorization": f"Bearer {rows.raw}"} | ({"last-event-id": after} if after else {})
    application = GraphQLStream(schema=GraphQLSchema)
    async with Stream(headers=headers, parameters={"query": query}, application=application) as stream:
        assert stream.status == 200
        await stream.frame()

        async def receive() -> Any:
            return (await stream.next()).result

        yield receive


def told(answer: Any) -> Any:
    """Return the title of a lead, or the id of a removed one."""
    lead = answer["data"]["leadUpdate"]
    return lead["title"] if lead else answer["extensions"]["removed"]


@pytest.mark.parametrize("transport", [over_websocket, over_stream])
async def test_leads_leave_the_filter_and_come_in(company, transport):
    hot, other = str(company.hot.pk), str(company.other.pk)
    async with transport(company) as receive:
        # Never matched: nothing is sent of these two.
        await company.rename(company.cold, "Cold again")
        await company.run(delete_lead, company.cold)
        # Each answer is awaited, since a lead is sent as it is at the time of sending.
        await company.rename(company.hot, "Cold now")
        left = await receive()
        assert (told(left), left["extensions"]["kind"]) == (hot, "updated")
        await company.rename(company.hot, "Colder")
        await company.rename(company.other, "Hot and new")
        assert told(await receive()) == "Hot and new"
        await company.rename(company.hot, "Hot again")
        assert told(await receive()) == "Hot again"
        await company.run(delete_lead, company.other)
        assert told(await receive()) == other
        await company.rename(company.hot, "Gone")
        assert told(await receive()) == hot
        await company.run(delete_lead, company.hot)
        last = await database_sync_to_async(create_lead)({"title": "X"}, actor=company.tenant.actors.manager)
        await company.rename(last, "Hot last")
        assert told(await receive()) == "Hot last"


@pytest.mark.parametrize("transport", [over_websocket, over_stream])
async def test_a_client_that_comes_back_hears_what_left_while_it_was_away(company, transport):
    async with transport(company) as receive:
        await company.rename(company.hot, "Hot deal 2")
        cursor = (await receive())["extensions"]["cursor"]
    await company.rename(company.hot, "Cold")
    await company.rename(company.hot, "Colder")
    await company.rename(company.other, "Hot offer 2")

    async with transport(company, after=cursor) as receive:
        received = [told(await receive()) for _ in range(2)]
        await company.rename(company.hot, "Coldest")
        await company.rename(company.other, "Cold offer")
        received.append(told(await receive()))

    assert received == [str(company.hot.pk), "Hot offer 2", str(company.other.pk)]


async def test_losing_sight_of_a_lead_is_told_once(company):
    company.tenant.company.lead_visibility = "OWN"
    await database_sync_to_async(company.tenant.company.save)()
    for lead in (company.hot, company.cold):
        await company.run(follow_lead, lead, user_key=str(company.agent.pk))

    async with over_websocket(company) as receive:
        await company.run(unfollow_lead, company.cold, user_key=str(company.agent.pk))
        await company.run(unfollow_lead, company.hot, user_key=str(company.agent.pk))
        received = [told(await receive())]
        await company.rename(company.hot, "Cold now")
        await company.run(follow_lead, company.other, user_key=str(company.agent.pk))
        received.append(told(await receive()))

    assert received == [str(company.hot.pk), "Hot offer"]


async def test_a_filter_that_depends_on_the_time_tells_rather_than_misses(company):
    async with over_websocket(company, ROTTING) as receive:
        # Nobody knows whether it rotted a moment ago.
        await company.rename(company.hot, "A")
        await company.rename(company.hot, "B")
        received = [told(await receive()) for _ in range(2)]

    assert received == [str(company.hot.pk)] * 2
