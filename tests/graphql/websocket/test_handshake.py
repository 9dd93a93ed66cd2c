"""Who may open a socket, and whose cookie counts."""

from importlib import import_module

import pytest
from channels.db import database_sync_to_async
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from tests.graphql.websocket.client import HOST, Client

OWN_ORIGIN = f"http://{HOST}"


def signed_in(user, settings):
    """Return the session of a signed-in user, stored."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "crm.sign_in.backend.GuardedBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session


@pytest.fixture
def session(agent, settings):
    return signed_in(agent.user, settings)


@pytest.fixture
def cookie(session, settings):
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        f"http://{HOST}:8001",
        f"https://{HOST}",
        f"http://{HOST}.evil.example",
        "null",
        "",
    ],
)
async def test_foreign_origin_is_refused_at_the_handshake(origin):
    async with Client(headers={"origin": origin}) as client:
        assert (await client.connect())[0] is False


async def test_own_origin_with_its_port_is_accepted():
    async with Client(headers={"host": f"{HOST}:8001", "origin": f"http://{HOST}:8001"}) as client:
        assert await client.connect() == (True, "graphql-transport-ws")


async def test_over_tls_the_own_origin_is_https():
    async with Client(headers={"origin": f"https://{HOST}"}, secure=True) as client:
        assert await client.connect() == (True, "graphql-transport-ws")


async def test_behind_a_proxy_that_ends_tls_the_own_origin_is_https(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {"origin": f"https://{HOST}", "x-forwarded-proto": "https"}
    async with Client(headers=headers) as client:
        assert await client.connect() == (True, "graphql-transport-ws")


async def test_trusted_origin_is_accepted(settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example"]
    async with Client(headers={"origin": "https://app.example"}) as client:
        assert await client.connect() == (True, "graphql-transport-ws")


async def test_site_that_may_call_the_api_needs_a_token(agent, cookie, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    headers = {"origin": "https://app.example", "cookie": cookie}
    async with Client(headers=headers) as client:
        await client.open({"Authorization": f"Bearer {agent.raw}"})
        await client.subscribe("1", "{ reader }")
        assert (await client.receive())["payload"]["data"] == {"reader": str(agent.user.pk)}
    async with Client(headers=headers) as client:
        await client.connect()
        await client.send({"type": "connection_init"})
        assert await client.close_code() == 4401


async def test_no_origin_is_accepted():
    async with Client() as client:
        assert await client.connect() == (True, "graphql-transport-ws")


@pytest.mark.parametrize("host", ["evil.example", ""])
async def test_foreign_host_is_refused_at_the_handshake(host):
    async with Client(headers={"host": host}) as client:
        assert (await client.connect())[0] is False


@pytest.mark.parametrize("offered", [(), ("graphql-ws",), ("GRAPHQL-TRANSPORT-WS",)])
async def test_other_subprotocol_is_closed_with_4406(offered):
    async with Client(subprotocols=offered) as client:
        assert await client.connect() == (True, None)
        assert await client.close_code() == 4406


async def test_the_subprotocol_may_be_one_of_several():
    async with Client(subprotocols=("graphql-ws", "graphql-transport-ws")) as client:
        assert await client.connect() == (True, "graphql-transport-ws")


async def test_session_of_an_own_page_is_acknowledged(agent, cookie):
    async with Client(headers={"origin": OWN_ORIGIN, "cookie": cookie}) as client:
        await client.open(None)

        await client.subscribe("1", "{ reader }")
        assert (await client.receive())["payload"]["data"] == {"reader": str(agent.user.pk)}


async def test_session_without_an_origin_is_closed_with_4401(cookie):
    async with Client(headers={"cookie": cookie}) as client:
        await client.connect()
        await client.send({"type": "connection_init"})

        assert await client.close_code() == 4401


async def test_a_bad_token_does_not_fall_back_to_the_session(cookie):
    async with Client(headers={"origin": OWN_ORIGIN, "cookie": cookie}) as client:
        await client.connect()
        await client.send({"type": "connection_init", "payload": {"Authorization": "Bearer wrong"}})

        assert await client.close_code() == 4401


async def test_signing_out_closes_the_socket_with_4403(session, cookie, limit):
    limit(rights_seconds=0.05)
    async with Client(headers={"origin": OWN_ORIGIN, "cookie": cookie}) as client:
        await client.open(None)

        await database_sync_to_async(session.flush)()

        assert await client.close_code() == 4403


async def test_a_session_may_name_its_company(agent, cookie, make_member):
    other = await make_member()
    async with Client(headers={"origin": OWN_ORIGIN, "cookie": cookie}) as client:
        await client.open({"x-company": agent.company.pk})

    async with Client(headers={"origin": OWN_ORIGIN, "cookie": cookie}) as client:
        await client.connect()
        await client.send({"type": "connection_init", "payload": {"X-Company": str(other.company.uuid)}})

        assert await client.close_code() == 4401
