"""The fast path answers as Django does, and leaves to Django what it cannot answer."""

import logging
from http import HTTPStatus
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application

from crm.graphql.limits import Limits
from crm.services.tokens import create_token, revoke_token
from tests.config.both_paths import NAMES, BothPaths, send
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

CREATE = 'mutation { createTag(input: { name: "Hot" }) { name } }'
OTHERS = "00000000-0000-4000-8000-000000000000"


FAST: dict[str, dict[str, Any]] = {
    "a query": {},
    "variables": {"body": {"query": NAMES, "variables": {"first": 1}}},
    "several operations": {"body": {"query": "query a { __typename } query b { me: __typename }"}},
    "no such field": {"body": {"query": "{ nothing }"}},
    "no such field, as graphql-response+json": {
        "body": {"query": "{ nothing }"},
        "HTTP_ACCEPT": "application/graphql-response+json",
    },
    "several media types": {"HTTP_ACCEPT": "text/html, application/graphql-response+json;q=0.9, */*;q=0.1"},
    "a charset": {"CONTENT_TYPE": "application/json; charset=UTF-8"},
    "no JSON": {"body": b"{"},
    "no UTF-8": {"body": b'{"query": "\xff"}'},
    "a batch": {"body": b"[]"},
    "no body": {"body": b""},
    "a subscription": {"body": {"query": "subscription { leadUpdate { id } }"}},
    "an unknown hash": {"body": {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}},
    "a bad token": {"HTTP_AUTHORIZATION": "Bearer crm_" + "x" * 40},
    "another scheme": {"HTTP_AUTHORIZATION": "Basic eDp5"},
    "a foreign company": {"HTTP_X_COMPANY": OTHERS},
    "a query in the URL": {"QUERY_STRING": "query={nothing}"},
    "a long key for a query": {"HTTP_IDEMPOTENCY_KEY": "k" * 1000},
    "a long key for a mutation": {"HTTP_IDEMPOTENCY_KEY": "k" * 1000, "body": {"query": CREATE}},
}


@pytest.mark.parametrize("name", FAST)
def test_fast_path_answers_as_django(both_paths, token, name):
    fast = send(both_paths.fast, token, **FAST[name])

    assert not both_paths.went_through_django
    assert fast == send(both_paths.django, token, **FAST[name])
    assert fast[0] < HTTPStatus.INTERNAL_SERVER_ERROR


THROUGH_DJANGO: dict[str, dict[str, Any]] = {
    "a query in the URL": {
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": "query={__typename}",
        "CONTENT_LENGTH": None,
        "CONTENT_TYPE": None,
    },
    "another method": {"REQUEST_METHOD": "DELETE"},
    "a method override": {"REQUEST_METHOD": "GET", "HTTP_X_HTTP_METHOD_OVERRIDE": "POST"},
    "another path": {"PATH_INFO": "/graphql/"},
    "a script name": {"SCRIPT_NAME": "/crm"},
    "no token": {"HTTP_AUTHORIZATION": None},
    "a form": {"CONTENT_TYPE": "multipart/form-data; boundary=x", "body": b"--x--\r\n"},
    "another type": {"CONTENT_TYPE": "text/plain"},
    "no type": {"CONTENT_TYPE": None},
    "another charset": {"CONTENT_TYPE": "application/json; charset=latin-1"},
    "a content encoding": {"HTTP_CONTENT_ENCODING": "gzip"},
    "only HTML accepted": {"HTTP_ACCEPT": "text/html"},
    "no length": {"CONTENT_LENGTH": None},
    "a length that is not a number": {"CONTENT_LENGTH": "1_0"},
    "too large": {"body": b" " * (Limits().body + 1)},
    "another host": {"HTTP_HOST": "elsewhere.example"},
    "no Host header and a foreign server name": {"HTTP_HOST": None, "SERVER_NAME": "elsewhere.example"},
}


@pytest.mark.parametrize("name", THROUGH_DJANGO)
def test_other_requests_go_through_django(both_paths, token, name):
    answer = send(both_paths.fast, token, **THROUGH_DJANGO[name])

    assert both_paths.went_through_django
    assert answer == send(both_paths.django, token, **THROUGH_DJANGO[name])
    assert answer[0] < HTTPStatus.INTERNAL_SERVER_ERROR


def test_requests_without_tls_are_redirected(settings, both_paths, token):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 60

    # Django's middleware reads these settings when it is created.
    both_paths = BothPaths(get_wsgi_application())
    status, headers, _ = send(both_paths.fast, token)
    assert (status, headers["Location"], both_paths.went_through_django) == (
        301,
        "https://localhost/graphql",
        True,
    )

    both_paths.went_through_django = False
    secure = send(both_paths.fast, token, HTTP_X_FORWARDED_PROTO="https")
    assert (secure[0], both_paths.went_through_django) == (200, False)
    assert secure[1]["Strict-Transport-Security"] == "max-age=60"
    assert secure == send(both_paths.django, token, HTTP_X_FORWARDED_PROTO="https")
    assert send(both_paths.fast, token, HTTP_X_FORWARDED_PROTO="http")[0] == 301


def test_mutation_with_a_key_takes_effect_once(both_paths, token, tenant):
    answers = [
        send(both_paths.fast, token, {"query": CREATE}, HTTP_IDEMPOTENCY_KEY="once")[2] for _ in range(2)
    ]

    assert not both_paths.went_through_django
    assert answers[0] == answers[1] == b'{"data":{"createTag":{"name":"Hot"}}}'


def test_cookie_beside_a_token_is_ignored(both_paths, token):
    fast = send(both_paths.fast, token, HTTP_COOKIE="sessionid=x; csrftoken=y")

    assert not both_paths.went_through_django
    assert fast == send(both_paths.django, token)


def test_revoked_token_opens_nothing(both_paths, tenant):
    _, raw = create_token(tenant.users["admin"], tenant.company, name="program")
    assert send(both_paths.fast, raw)[0] == HTTPStatus.OK

    revoke_token(raw)

    assert send(both_paths.fast, raw)[0] == HTTPStatus.UNAUTHORIZED
    assert not both_paths.went_through_django


def test_old_connections_are_closed_after_each_request(both_paths, token, closings):
    send(both_paths.fast, token)

    assert len(closings) == 1


def test_both_paths_log_the_same_line(both_paths, token, caplog):
    caplog.set_level(logging.INFO, "crm.requests")

    send(both_paths.fast, token)
    send(both_paths.django, token)

    fast, slow = (record for record in caplog.records if record.name == "crm.requests")
    assert (fast.method, fast.path, fast.status) == (slow.method, slow.path, slow.status)


def test_error_is_logged_and_not_shown(both_paths, token, monkeypatch, caplog, settings):
    settings.DEBUG = False

    def fail(*_args):
        raise RuntimeError("a secret")

    monkeypatch.setattr("config.fast_path.answer_exchange", fail)
    status, _, body = send(both_paths.fast, token)

    assert status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert b"secret" not in body
    [record] = [record for record in caplog.records if record.name == "django.request"]
    assert record.exc_info[0] is RuntimeError
