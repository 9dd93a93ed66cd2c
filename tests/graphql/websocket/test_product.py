"""Sockets and streams of the product, behind its own server: budgets of events, and sessions that end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.test import Client
from django.urls import reverse

from config.asgi import application as product
from crm.events.cursor import parse_cursor
from crm.models import BrowserSession
from leads.services.leads import create_lead
from tests.factories.crm import Tenant, tenant
from tests.graphql.sse.client import Stream
from tests.graphql.websocket.test_server import (
    close_code,
    company_with_token,
    initialise,
    listen,
    open_socket,
    receive,
    served,
)

LEADS = "subscription { leadUpdate { title description tags { name } } }"
OVER: dict[str, tuple[str, int, dict[str, Any]]] = {
    "objects": ("GRAPHQL_MAX_OBJECTS", 10, {"tags": [{"name": f"Tag {number}"} for number in range(20)]}),
    "bytes": ("GRAPHQL_MAX_ANSWER_BYTES", 2_000, {"description": "x" * 5_000}),
}


@asynccontextmanager
async def by_socket(token: str) -> AsyncIterator[Any]:
    async with served(product) as (_, address), open_socket(address) as socket:
        await initialise(socket, {"Authorization": f"Bearer {token}"})
        await listen(socket, LEADS)

        async def next_payload() -> Any:
            return (await receive(socket))["payload"]

        yield next_payload


@asynccontextmanager
async def by_stream(token: str) -> AsyncIterator[Any]:
    headers = {"authorization": f"Bearer {token}"}
    async with Stream(application=product, headers=headers, parameters={"query": LEADS}) as stream:
        await stream.frame()

        async def next_payload() -> Any:
            return (await stream.next()).result

        yield next_payload


@pytest.mark.parametrize("is_compiled", [True, False], ids=["compiled", "standard"])
@pytest.mark.parametrize("limit", OVER)
@pytest.mark.parametrize("transport", [by_socket, by_stream])
async def test_event_over_the_budget_is_refused_and_the_next_one_comes(
    transactional_db, settings, transport, limit, is_compiled
):
    setting, most, content = OVER[limit]
    made, token = await database_sync_to_async(company_with_token)()
    settings.GRAPHQL_COMPILED_READS = is_compiled
    setattr(settings, setting, most)

    async with transport(token) as next_payload:
        for fields in ({"title": "Large", **content}, {"title": "Small"}):
            await database_sync_to_async(create_lead)(fields, actor=made.actors.manager)
        refused, told = await next_payload(), await next_payload()

    [error] = refused["errors"]
    assert error["extensions"] == {"code": "QUERY_TOO_COMPLEX", "limit": limit, "max": most}
    assert not (refused["data"] or {}).get("leadUpdate")
    # A client that was cut off here resumes after it, and is not refused for ever.
    assert parse_cursor(refused["extensions"]["cursor"]).seq < parse_cursor(told["extensions"]["cursor"]).seq
    assert told["data"] == {"leadUpdate": {"title": "Small", "description": None, "tags": []}}


def two_browsers() -> tuple[Tenant, Client, Client]:
    made = tenant()
    user = made.users["admin"]
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    browsers = Client(), Client()
    for browser in browsers:
        browser.force_login(user)
        # Its page is what makes a session known.
        assert browser.get(reverse("mfa_index")).status_code in (200, 302)
    return made, *browsers


def end_the_session_of(browser: Client, by: Client) -> None:
    row = BrowserSession.objects.get(session=browser.session.session_key)
    assert by.post(reverse("end_session", args=[row.pk])).status_code == 302


async def test_session_that_its_user_ends_elsewhere_closes_its_socket_alone(transactional_db, limit):
    limit(rights_seconds=0.05)
    made, phone, desk = await database_sync_to_async(two_browsers)()
    async with served(product) as (_, address):
        origin = address.replace("ws:", "http:").removesuffix("/graphql")
        sockets = []
        for browser in (phone, desk):
            cookie = "; ".join(f"{name}={each.value}" for name, each in browser.cookies.items())
            socket = await open_socket(address, origin=origin, additional_headers={"Cookie": cookie})
            await initialise(socket, {})
            await listen(socket, "subscription { leadUpdate { title } }")
            sockets.append(socket)

        await database_sync_to_async(end_the_session_of)(phone, desk)

        assert await close_code(sockets[0]) == 4403
        await database_sync_to_async(create_lead)({"title": "Told"}, actor=made.actors.manager)
        assert (await receive(sockets[1]))["payload"]["data"] == {"leadUpdate": {"title": "Told"}}
        await sockets[1].close()
