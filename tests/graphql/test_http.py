"""GraphQL over HTTP: statuses, media types, headers and bodies."""

import json
import logging

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.test.client import FakePayload

from crm.actors import Role
from crm.database.failures import RETRY_AFTER_SECONDS
from crm.graphql.http import GraphQLView
from crm.graphql.limits import Limits
from tests.graphql.http import RESPONSE_TYPE, bearer, codes, post
from tests.graphql.small_schema import FAULTS, schema

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.graphql.small_urls")]

JSON_TYPE = "application/json"
PING = {"query": "{ ping }"}
BODY_LIMIT = Limits().body


@pytest.fixture
def headers():
    return bearer(Role.AGENT)


def get(parameters, *, headers=None):
    return Client().get("/graphql", parameters, headers=headers or {})


def refused(response, status):
    """Assert that a request was answered with this status, one error and no data."""
    assert response.status_code == status
    assert "data" not in response.json()
    assert len(codes(response)) == 1


def test_answer_has_its_headers(headers):
    response = post(PING, headers=headers)

    assert response.status_code == 200
    assert response.json() == {"data": {"ping": "pong"}}
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    assert {each.strip() for each in response["Vary"].split(",")} >= {
        "Accept",
        "Authorization",
        "Cookie",
        "Origin",
    }
    assert "Access-Control-Allow-Origin" not in response
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON_TYPE),
        ("", JSON_TYPE),
        ("*/*", JSON_TYPE),
        ("application/*", JSON_TYPE),
        ("application/json", JSON_TYPE),
        ("application/json; charset=utf-8", JSON_TYPE),
        ("application/json, multipart/mixed", JSON_TYPE),
        (RESPONSE_TYPE, RESPONSE_TYPE),
        (f"{RESPONSE_TYPE}; charset=utf-8", RESPONSE_TYPE),
        (f"{RESPONSE_TYPE}, application/json;q=0.9", RESPONSE_TYPE),
        (f"application/json;q=0.5, {RESPONSE_TYPE};q=0.6", RESPONSE_TYPE),
        (f"{RESPONSE_TYPE};q=0.1, application/json", JSON_TYPE),
        (f"{RESPONSE_TYPE};q=0, */*", JSON_TYPE),
        ("text/html, */*;q=0.1", JSON_TYPE),
    ],
)
def test_media_type_is_negotiated(headers, accept, media_type):
    response = post(PING, headers=headers | ({} if accept is None else {"Accept": accept}))

    assert response.status_code == 200
    assert response["Content-Type"] == f"{media_type}; charset=utf-8"


@pytest.mark.parametrize(
    "accept", ["text/html", "text/plain, image/*", "application/xml", "application/json;q=0"]
)
def test_no_acceptable_media_type(headers, accept):
    refused(post(PING, headers=headers | {"Accept": accept}), 406)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{"}, "BAD_USER_INPUT"),
        ({"query": "{ nothing }"}, "BAD_USER_INPUT"),
        ({"query": "query($n: Int!) { ping(number: $n) }"}, "BAD_USER_INPUT"),
        ({"query": "query($n: Int!) { ping(number: $n) }", "variables": {"n": "x"}}, "BAD_USER_INPUT"),
        ({"query": "query a { ping }", "operationName": "b"}, "BAD_USER_INPUT"),
        ({"query": "subscription { changed { id } }"}, "BAD_USER_INPUT"),
        ({"query": "{ thing { " + "name " * 40 + "} }"}, "QUERY_TOO_COMPLEX"),
        ({"query": '{ ping(text: "\\u0000") }'}, "VALIDATION"),
    ],
)
@pytest.mark.parametrize(("accept", "status"), [(JSON_TYPE, 200), (RESPONSE_TYPE, 400)])
def test_refused_document(headers, body, code, accept, status):
    response = post(body, headers=headers | {"Accept": accept})

    refused(response, status)
    assert codes(response) == [code]


@pytest.mark.parametrize(("accept", "status"), [(JSON_TYPE, 200), (RESPONSE_TYPE, 400)])
@pytest.mark.parametrize("query", ["{ ping }", "{", "{ nothing }", "mutation { clash { id } }"])
def test_no_credential(accept, status, query):
    response = post({"query": query}, headers={"Accept": accept})

    refused(response, status)
    assert codes(response) == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("accept", [JSON_TYPE, RESPONSE_TYPE])
def test_failed_field_is_an_answer(headers, accept):
    response = post({"query": "{ ping admins_only }"}, headers=headers | {"Accept": accept})

    assert response.status_code == 200
    assert response.json()["data"] == {"ping": "pong", "admins_only": None}
    assert codes(response) == ["FORBIDDEN"]


@pytest.mark.parametrize("accept", [JSON_TYPE, RESPONSE_TYPE])
@pytest.mark.parametrize("sent", ["Bearer wrong", "Bearer", "Basic dXNlcjpwYXNz", "wrong", ""])
def test_bad_token(accept, sent):
    response = post(PING, headers={"Authorization": sent, "Accept": accept})

    refused(response, 401)
    assert response["WWW-Authenticate"] == "Bearer"
    assert codes(response) == ["UNAUTHENTICATED"]


@pytest.mark.parametrize("accept", [JSON_TYPE, RESPONSE_TYPE])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{ not json",
        b'"text"',
        b"1",
        b"null",
        b"[]",
        b'[{"query": "{ ping }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": 1}',
        b'{"query": ["{ ping }"]}',
        b'{"query": "{ ping }", "variables": []}',
        b'{"query": "{ ping }", "variables": "{}"}',
        b'{"query": "{ ping }", "variables": 0}',
        b'{"query": "{ ping }", "operationName": false}',
        b'{"query": "{ ping }", "extensions": "x"}',
        b'{"query": "{ ping }", "variables": {"n": NaN}}',
        b'{"query": "{ ping }", "variables": {"n": -Infinity}}',
        b'{"query": "{ ping }", "variables": {"n": 1e999}}',
        b'{"query": "{ ping }", "variables": {"n": ' + b"9" * 5_000 + b"}}",
        b'{"query": "{ ping }", "variables": {"n": "\\ud800"}}',
        b'{"query": "{ ping }", "variables": {"n": "\\uDFFF x"}}',
        b'{"query": "{ ping }", "variables": {"n": "\xff"}}',
        '{"query": "{ ping }"}'.encode("utf-16"),
        b'{"query": "{ ping }", "variables": {"n": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    ],
)
def test_malformed_body(headers, body, accept):
    response = post(body, headers=headers | {"Accept": accept})

    refused(response, 400)
    assert codes(response) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("parameter", ["variables", "operationName", "extensions"])
def test_null_parameter_is_allowed(headers, parameter):
    assert post(PING | {parameter: None}, headers=headers).json() == {"data": {"ping": "pong"}}


def test_text_of_any_script_is_returned(headers):
    body = {"query": "query($t: String) { ping(text: $t) }", "variables": {"t": "Zoë 🏃 \ud83c\udfc3 ٣"}}

    assert post(body, headers=headers).json() == {"data": {"ping": "Zoë 🏃 🏃 ٣"}}


def test_integer_over_64_bits_is_returned(headers, monkeypatch):
    number = 2**70
    monkeypatch.setattr(schema.query_type.fields["big"], "resolve", lambda root, info: "kept")
    monkeypatch.setattr(schema.query_type.fields["big"].type, "serialize", lambda value: {"n": number})

    assert post({"query": "{ big }"}, headers=headers).json() == {"data": {"big": {"n": number}}}


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/jsonp",
    ],
)
def test_other_content_type_is_refused(headers, content_type):
    response = Client().post(
        "/graphql", data=json.dumps(PING).encode(), content_type=content_type, headers=headers
    )

    refused(response, 415)


def test_charset_of_the_body_may_be_declared(headers):
    response = Client().post(
        "/graphql", data=json.dumps(PING), content_type="application/json; charset=UTF-8", headers=headers
    )

    assert response.json() == {"data": {"ping": "pong"}}


def test_encoded_body_is_refused(headers):
    refused(post(PING, headers=headers | {"Content-Encoding": "gzip"}), 415)


def body_of(size):
    return json.dumps(PING).encode().ljust(size)


def test_body_at_the_limit_is_read(headers):
    assert post(body_of(BODY_LIMIT), headers=headers).status_code == 200


@pytest.mark.parametrize("accept", [JSON_TYPE, RESPONSE_TYPE])
def test_body_over_the_limit_is_refused(headers, accept):
    refused(post(body_of(BODY_LIMIT + 1), headers=headers | {"Accept": accept}), 413)


def test_chunked_body_is_read_up_to_the_limit(headers):
    stream = FakePayload(body_of(10 * BODY_LIMIT))
    request = RequestFactory().post("/graphql", data=PING, content_type=JSON_TYPE, headers=headers)
    # As a server passes on a chunked body: no length.
    setattr(request, "_stream", stream)  # noqa: B010 - not declared as what it is
    request.META["CONTENT_LENGTH"] = ""

    response = GraphQLView.as_view(schema=schema)(request)

    assert response.status_code == 413
    assert len(stream.read()) == 9 * BODY_LIMIT - 1


def test_query_in_the_url_of_a_post_is_ignored(headers):
    client = Client()
    url = "/graphql?query={user_id}"

    assert client.post(url, data=PING, content_type=JSON_TYPE, headers=headers).json() == {
        "data": {"ping": "pong"}
    }
    assert client.post(url, data={}, content_type=JSON_TYPE, headers=headers).status_code == 400


def test_get_answers_queries(headers):
    parameters = {
        "query": "query a($t: String) { ping(text: $t) } query b { ping }",
        "variables": '{"t": "hello"}',
        "operationName": "a",
        "extensions": "{}",
    }

    assert get(parameters, headers=headers).json() == {"data": {"ping": "hello"}}


@pytest.mark.parametrize("accept", [JSON_TYPE, RESPONSE_TYPE])
def test_get_never_changes_anything(headers, accept):
    response = get({"query": "mutation { clash { id } }"}, headers=headers | {"Accept": accept})

    refused(response, 405)
    assert response["Allow"] == "POST"


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"query": ""},
        {"query": "{ ping }", "variables": "x"},
        {"query": "{ ping }", "variables": "[]"},
        {"query": "{ ping }", "extensions": "1"},
        {"query": "{ ping }"} | {f"p{n}": "" for n in range(1_100)},
    ],
    ids=["none", "empty", "no json", "no object", "number", "many"],
)
def test_malformed_query_string(headers, parameters):
    refused(get(parameters, headers=headers), 400)


def test_query_string_over_the_limit_is_refused(headers):
    refused(get({"query": "{ ping }".ljust(BODY_LIMIT)}, headers=headers), 413)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY"])
def test_other_methods(headers, method):
    response = Client().generic(method, "/graphql", data=b"{}", content_type=JSON_TYPE, headers=headers)

    assert response.status_code == 405
    assert response["Allow"] == "GET, POST"


def test_get_can_be_switched_off(headers, settings):
    settings.GRAPHQL_GET_ENABLED = False

    response = get({"query": "{ ping }"}, headers=headers)

    refused(response, 405)
    assert response["Allow"] == "POST"
    assert post(PING, headers=headers).status_code == 200


def test_method_override_is_ignored(headers):
    response = Client().get(
        "/graphql",
        {"query": "mutation { clash { id } }"},
        headers=headers | {"X-HTTP-Method-Override": "POST"},
    )

    refused(response, 405)


def test_foreign_host_is_refused(headers):
    assert post(PING, headers=headers | {"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("accept", [JSON_TYPE, RESPONSE_TYPE])
def test_database_away_in_a_field(headers, accept):
    FAULTS["away"] = OperationalError("connection failed")

    response = post({"query": '{ boom(kind: "away") }'}, headers=headers | {"Accept": accept})

    refused(response, 503)
    assert response["Retry-After"] == str(RETRY_AFTER_SECONDS)
    assert codes(response) == ["UNAVAILABLE"]


def test_database_away_at_authentication(headers, monkeypatch, caplog):
    def away(request):
        raise OperationalError("connection to 10.0.0.1 failed")

    monkeypatch.setattr("crm.graphql.http.endpoint.authenticate_request", away)

    with caplog.at_level(logging.WARNING, logger="crm.database"):
        response = post(PING, headers=headers)

    refused(response, 503)
    assert codes(response) == ["UNAVAILABLE"]
    assert "10.0.0.1" not in response.content.decode()
    [record] = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert record.getMessage() == "The database failed at authentication: OperationalError no state."
    assert record.exc_info is None
