"""Refusals before a stream begins, and which session cookies count."""

import pytest
from channels.db import database_sync_to_async
from django.test import Client as Browser

from tests.graphql.sse.client import Stream, bearer
from tests.graphql.websocket.client import HOST

THINGS = "subscription { thingUpdate { id } }"
OWN = f"http://{HOST}"


async def refused(stream):
    async with stream:
        [error] = (await stream.json())["errors"]
        assert stream.answer_headers["content-type"].startswith("application/json")
        return stream.status, error["extensions"]["code"]


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"query": "subscription { nothing }"}, 400, "BAD_USER_INPUT"),
        ({"query": "subscription {"}, 400, "BAD_USER_INPUT"),
        ({"query": 7}, 400, "BAD_USER_INPUT"),
        ([], 400, "BAD_USER_INPUT"),
        ({"query": 'subscription { thingUpdate(id: "8") { id } }'}, 400, "NOT_FOUND"),
        ({"query": 'subscription { thingUpdate(after: "x") { id } }'}, 400, "BAD_USER_INPUT"),
        ({"query": "subscription { forAdmins { id } }"}, 400, "FORBIDDEN"),
        ({"query": "{ " + "ping " * 31 + "}"}, 400, "QUERY_TOO_COMPLEX"),
    ],
)
async def test_refused_operations_are_answered_in_json(agent, parameters, status, code):
    assert await refused(Stream(headers=bearer(agent), parameters=parameters)) == (status, code)


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer unknown"}, {"authorization": "Basic dXNlcjpwYXNz"}]
)
async def test_no_good_credential_is_401(transactional_db, headers):
    stream = Stream(headers=headers, parameters={"query": THINGS})

    assert await refused(stream) == (401, "UNAUTHENTICATED")
    assert stream.answer_headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"method": "PUT"}, 405),
        ({"headers": {"accept": "application/json"}}, 406),
        ({"headers": {"content-type": "text/plain"}}, 415),
        ({"headers": {"content-type": "multipart/form-data; boundary=x"}}, 415),
        ({"headers": {"host": "evil.example"}}, 400),
        ({"body": b"{"}, 400),
        ({"body": b" " * 3_000_000}, 413),
    ],
)
async def test_a_request_that_is_not_for_a_stream_is_refused(agent, options, status):
    headers = bearer(agent) | options.pop("headers", {})

    assert await refused(Stream(headers=headers, **options)) == (status, "BAD_USER_INPUT")


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
async def test_a_page_of_another_site_is_refused_even_with_a_token(agent, method, origin):
    headers = bearer(agent) | {"origin": origin}

    assert await refused(Stream(method, headers, {"query": THINGS})) == (403, "FORBIDDEN")


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_site_that_may_call_the_api_needs_a_token(agent, cookies, settings, method):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    origin = {"origin": "https://app.example"}
    async with Stream(method, bearer(agent) | origin, {"query": THINGS}) as stream:
        assert stream.status == 200

    cookie, token = cookies
    session = origin | {"cookie": cookie, "x-csrftoken": token, "sec-fetch-site": "cross-site"}
    expected = (403, "FORBIDDEN") if method == "POST" else (401, "UNAUTHENTICATED")
    assert await refused(Stream(method, session, {"query": THINGS})) == expected


@pytest.mark.parametrize(("query", "status"), [("{ ping }", 400), ("mutation { touch(id: 1) }", 405)])
async def test_get_serves_subscriptions_alone(agent, query, status):
    assert await refused(Stream("GET", bearer(agent), {"query": query})) == (status, "BAD_USER_INPUT")


@pytest.fixture
async def cookies(agent):
    """The session cookie of a page of this site, and the CSRF token that it sends."""

    def sign_in():
        browser = Browser()
        browser.force_login(agent.user)
        return f"sessionid={browser.cookies['sessionid'].value}; csrftoken={'t' * 32}", "t" * 32

    return await database_sync_to_async(sign_in)()


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 200), ("same-site", 401), ("cross-site", 401), (None, 401)]
)
async def test_the_cookie_of_a_get_counts_only_from_a_page_of_this_site(cookies, site, status):
    headers = {"cookie": cookies[0]} | ({} if site is None else {"sec-fetch-site": site})
    async with Stream("GET", headers, {"query": THINGS}) as stream:
        assert stream.status == status


async def test_the_cookie_of_a_post_counts_with_its_csrf_token_alone(cookies):
    cookie, token = cookies
    own = {"cookie": cookie, "origin": OWN}
    async with Stream(headers=own | {"x-csrftoken": token}, parameters={"query": THINGS}) as stream:
        assert stream.status == 200

    assert await refused(Stream(headers=own, parameters={"query": THINGS})) == (403, "FORBIDDEN")


async def test_plain_http_is_redirected_to_https_if_so_configured(agent, settings):
    settings.SECURE_SSL_REDIRECT = True
    async with Stream(headers=bearer(agent), parameters={"query": THINGS}) as stream:
        assert (stream.status, stream.answer_headers["location"]) == (301, f"https://{HOST}/graphql/stream")


def test_under_wsgi_the_refusal_names_the_server_with_streams(client):
    answer = client.post("/graphql/stream", {"query": THINGS}, content_type="application/json")

    assert answer.status_code == 501
    assert "ASGI" in answer.json()["errors"][0]["message"]
