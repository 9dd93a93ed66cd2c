"""The short way answers as the long way does, and takes no request that it must not."""

import logging
from http import HTTPStatus
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application

from crm.graphql.limits import Limits
from crm.services.tokens import create_token, revoke_token
from tests.config.ways import NAMES, Ways, ask

CREATE = 'mutation { createTag(input: { name: "Hot" }) { name } }'
OTHERS = "00000000-0000-4000-8000-000000000000"


SHORT: dict[str, dict[str, Any]] = {
    "a query": {},
    "variables": {"body": {"query": NAMES, "variables": {"first": 1}}},
    "several operations": {"body": {"query": "query a { __typename } query b { me: __typename }"}},
    "no such field": {"body": {"query": "{ nothing }"}},
    "no such field, for those who read statuses": {
        "body": {"query": "{ nothing }"},
        "HTTP_ACCEPT": "application/graphql-response+json",
    },
    "many types": {"HTTP_ACCEPT": "text/html, application/graphql-response+json;q=0.9, */*;q=0.1"},
    "the charset": {"CONTENT_TYPE": "application/json; charset=UTF-8"},
    "no JSON": {"body": b"{"},
    "no UTF-8": {"body": b'{"query": "\xff"}'},
    "a batch": {"body": b"[]"},
    "no body": {"body": b""},
    "a subscription": {"body": {"query": "subscription { leadUpdate { id } }"}},
    "an unknown hash": {"body": {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}},
    "a bad token": {"HTTP_AUTHORIZATION": "Bearer crm_" + "x" * 40},
    "another scheme": {"HTTP_AUTHORIZATION": "Basic eDp5"},
    "another's company": {"HTTP_X_COMPANY": OTHERS},
    "a query in the address": {"QUERY_STRING": "query={nothing}"},
    "a long key for a query": {"HTTP_IDEMPOTENCY_KEY": "k" * 1000},
    "a long key for a mutation": {"HTTP_IDEMPOTENCY_KEY": "k" * 1000, "body": {"query": CREATE}},
}


@pytest.mark.parametrize("name", SHORT)
def test_the_short_way_answers_as_the_long_way(ways, token, name):
    short = ask(ways.short, token, **SHORT[name])

    assert not ways.went_long
    assert short == ask(ways.long, token, **SHORT[name])
    assert short[0] < HTTPStatus.INTERNAL_SERVER_ERROR


LONG: dict[str, dict[str, Any]] = {
    "a query in the address": {
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": "query={__typename}",
        "CONTENT_LENGTH": None,
        "CONTENT_TYPE": None,
    },
    "another method": {"REQUEST_METHOD": "DELETE"},
    "a method that hides": {"REQUEST_METHOD": "GET", "HTTP_X_HTTP_METHOD_OVERRIDE": "POST"},
    "another address": {"PATH_INFO": "/graphql/"},
    "below another address": {"SCRIPT_NAME": "/crm"},
    "nobody": {"HTTP_AUTHORIZATION": None},
    "a form": {"CONTENT_TYPE": "multipart/form-data; boundary=x", "body": b"--x--\r\n"},
    "another type": {"CONTENT_TYPE": "text/plain"},
    "no type": {"CONTENT_TYPE": None},
    "another charset": {"CONTENT_TYPE": "application/json; charset=latin-1"},
    "an encoding": {"HTTP_CONTENT_ENCODING": "gzip"},
    "only pages": {"HTTP_ACCEPT": "text/html"},
    "no length": {"CONTENT_LENGTH": None},
    "no number for a length": {"CONTENT_LENGTH": "1_0"},
    "too large": {"body": b" " * (Limits().body + 1)},
    "another host": {"HTTP_HOST": "elsewhere.example"},
    "no host of ours": {"HTTP_HOST": None, "SERVER_NAME": "elsewhere.example"},
}


@pytest.mark.parametrize("name", LONG)
def test_other_requests_go_the_long_way(ways, token, name):
    given = ask(ways.short, token, **LONG[name])

    assert ways.went_long
    assert given == ask(ways.long, token, **LONG[name])
    assert given[0] < HTTPStatus.INTERNAL_SERVER_ERROR


def test_requests_without_tls_are_led_to_it_and_others_answered(settings, ways, token):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 60

    # Middleware of Django reads these settings when it is made.
    ways = Ways(get_wsgi_application())
    status, headers, _ = ask(ways.short, token)
    assert (status, headers["Location"], ways.went_long) == (301, "https://localhost/graphql", True)

    ways.went_long = False
    safe = ask(ways.short, token, HTTP_X_FORWARDED_PROTO="https")
    assert (safe[0], ways.went_long) == (200, False)
    assert safe[1]["Strict-Transport-Security"] == "max-age=60"
    assert safe == ask(ways.long, token, HTTP_X_FORWARDED_PROTO="https")
    assert ask(ways.short, token, HTTP_X_FORWARDED_PROTO="http")[0] == 301


def test_a_mutation_is_done_once_for_its_key(ways, token, tenant):
    answers = [ask(ways.short, token, {"query": CREATE}, HTTP_IDEMPOTENCY_KEY="once")[2] for _ in range(2)]

    assert not ways.went_long
    assert answers[0] == answers[1] == b'{"data":{"createTag":{"name":"Hot"}}}'


def test_a_cookie_beside_a_token_is_not_looked_at(ways, token):
    short = ask(ways.short, token, HTTP_COOKIE="sessionid=x; csrftoken=y")

    assert not ways.went_long
    assert short == ask(ways.long, token)


def test_a_revoked_token_opens_nothing(ways, tenant):
    _, raw = create_token(tenant.users["admin"], tenant.company, name="program")
    assert ask(ways.short, raw)[0] == HTTPStatus.OK

    revoke_token(raw)

    assert ask(ways.short, raw)[0] == HTTPStatus.UNAUTHORIZED
    assert not ways.went_long


def test_connections_are_looked_after_before_and_after_each_request(ways, token, closings):
    ask(ways.short, token)

    assert len(closings) == 2


def test_the_id_of_a_request_is_that_of_its_log_line(ways, token, caplog):
    caplog.set_level(logging.INFO, "crm.requests")

    ask(ways.short, token)
    ask(ways.long, token)

    short, long = (record for record in caplog.records if record.name == "crm.requests")
    assert (short.method, short.path, short.status) == (long.method, long.path, long.status)


def test_a_fault_is_logged_and_not_told(ways, token, monkeypatch, caplog, settings):
    settings.DEBUG = False

    def fail(*_args):
        raise RuntimeError("a secret")

    monkeypatch.setattr("config.fast_path.answer_to", fail)
    status, _, body = ask(ways.short, token)

    assert status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert b"secret" not in body
    [record] = [record for record in caplog.records if record.name == "django.request"]
    assert record.exc_info[0] is RuntimeError
