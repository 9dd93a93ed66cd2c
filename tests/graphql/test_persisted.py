"""Automatic persisted queries: who can name a document by its hash, what is stored, and for whom."""

import json
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.cache import caches
from django.test import Client
from graphql import OperationType

from crm.actors import Actor, Door, Role
from crm.graphql.documents import persisted
from crm.graphql.documents.cache import SizedCache
from crm.graphql.execution import Operation, execute
from tests.graphql.hashes import digest, extension, fresh, key_of
from tests.graphql.http import RESPONSE_TYPE, bearer, codes, post
from tests.graphql.small_schema import schema

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.graphql.small_urls")]

NOT_FOUND = {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}
NOT_SUPPORTED = {
    "message": "PersistedQueryNotSupported",
    "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"},
}
UNAUTHENTICATED = {"message": "Unauthenticated.", "extensions": {"code": "UNAUTHENTICATED"}}
AWAY = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": "redis://127.0.0.1:1/0",
    "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
}


@pytest.fixture
def headers():
    return bearer()


@pytest.fixture
def restarted(monkeypatch):
    """Empty the local cache, as in a new process."""

    def restart():
        monkeypatch.setattr(persisted, "_local", SizedCache())

    return restart


@pytest.fixture
def _away(settings):
    settings.CACHES = {**settings.CACHES, "documents": AWAY}


def send(document=None, *, hash_=None, headers=None, version=1):
    body = {"extensions": extension(hash_, version)}
    return post(body | ({"query": document} if document is not None else {}), headers=headers)


def get(document=None, *, hash_, headers=None):
    parameters = {"extensions": json.dumps(extension(hash_))}
    if document is not None:
        parameters["query"] = document
    return Client().get("/graphql", parameters, headers=headers or {})


def answered(response, document, value="pong"):
    assert response.status_code == 200
    assert response.json() == {"data": {key_of(document): value}}


@pytest.mark.parametrize("ask", [send, get], ids=["POST", "GET"])
def test_client_sends_the_hash_then_both_then_the_hash(headers, ask):
    document = fresh()

    first = ask(hash_=digest(document), headers=headers)
    assert (first.status_code, first.json()) == (200, {"errors": [NOT_FOUND]})
    answered(ask(document, hash_=digest(document), headers=headers), document)
    answered(ask(hash_=digest(document), headers=headers), document)


def test_refusal_has_the_status_of_its_media_type(headers):
    response = send(hash_=digest(fresh()), headers={**headers, "Accept": RESPONSE_TYPE})

    assert (response.status_code, response.json()) == (400, {"errors": [NOT_FOUND]})
    assert response["Cache-Control"] == "no-store"


def test_document_is_found_by_another_process(headers, restarted):
    document = fresh()
    send(document, hash_=digest(document), headers=headers)

    restarted()

    answered(send(hash_=digest(document).upper(), headers=headers), document)


def test_variables_and_operations_go_with_the_hash(headers):
    text = f"query A($n: String) {fresh('ping(text: $n)')} query B {fresh()}"
    named = {"extensions": extension(digest(text)), "operationName": "A", "variables": {"n": "there"}}
    post({"query": text, **named}, headers=headers)

    assert list(post(named, headers=headers).json()["data"].values()) == ["there"]


def test_mutation_is_not_served_by_get(headers):
    document = f"mutation {fresh('make(input: {}) { id }')}"
    post({"query": document, "extensions": extension(digest(document))}, headers=headers)

    response = get(hash_=digest(document), headers=headers)

    assert (response.status_code, codes(response)) == (405, ["BAD_USER_INPUT"])


def test_companies_share_no_documents(headers):
    document = fresh()
    send(document, hash_=digest(document), headers=headers)

    response = send(hash_=digest(document), headers=bearer())

    assert response.json() == {"errors": [NOT_FOUND]}


def test_colleagues_share_documents():
    document = fresh()
    colleagues = [
        Actor(user_id=user, company_id=1, role=Role.AGENT, door=Door.GRAPHQL) for user in (700, 701)
    ]

    for actor, query in zip(colleagues, (document, None), strict=True):
        operation = Operation(query=query, extensions=extension(digest(document)))
        assert execute(schema, operation, actor=actor) == (200, {"data": {key_of(document): "pong"}})


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("ask", [send, get], ids=["POST", "GET"])
def test_stranger_does_not_learn_whether_a_hash_is_known(headers, known, ask):
    document = fresh()
    if known:
        send(document, hash_=digest(document), headers=headers)

    assert ask(hash_=digest(document)).json() == {"errors": [UNAUTHENTICATED]}


@pytest.mark.parametrize("hash_", ["x", None, 1])
def test_stranger_gets_the_same_error_for_any_extension(hash_):
    assert send(hash_=hash_, version=7).json() == {"errors": [UNAUTHENTICATED]}


def test_stranger_stores_nothing(headers, monkeypatch):
    remembered = Mock()
    monkeypatch.setattr("crm.graphql.execution.preparing.remember", remembered)

    response = send("{ __typename }", hash_=digest("{ __typename }"))

    assert response.json() == {"data": {"__typename": "Query"}}
    assert remembered.call_count == 0


@pytest.mark.parametrize("hash_", ["", "abc", digest("{ ping }") + "0", 7, None, ["a"]])
def test_text_that_is_not_a_hash_is_refused(headers, hash_):
    for document in ("{ ping }", None):
        assert codes(send(document, hash_=hash_, headers=headers)) == ["BAD_USER_INPUT"]


def test_hash_of_another_text_is_refused_and_nothing_is_stored(headers):
    document, other = fresh(), fresh()

    response = send(document, hash_=digest(other), headers=headers)

    [error] = response.json()["errors"]
    assert error == {
        "message": "The hash in extensions.persistedQuery is not that of the query.",
        "extensions": {"code": "BAD_USER_INPUT"},
    }
    for text in (document, other):
        assert send(hash_=digest(text), headers=headers).json() == {"errors": [NOT_FOUND]}


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_another_version_is_not_supported(headers, version):
    for document in ("{ ping }", None):
        response = send(document, hash_=digest("{ ping }"), headers=headers, version=version)
        assert response.json() == {"errors": [NOT_SUPPORTED]}


@pytest.mark.parametrize("value", [[], "x", 1])
def test_extension_of_another_kind_is_not_supported(headers, value):
    assert post({"extensions": {"persistedQuery": value}}, headers=headers).json() == {
        "errors": [NOT_SUPPORTED]
    }


@pytest.mark.parametrize("extensions", [None, {}, {"persistedQuery": None}, {"other": 1}])
def test_without_the_extension_the_query_is_needed(headers, extensions):
    response = post({"extensions": extensions}, headers=headers)

    assert (response.status_code, codes(response)) == (400, ["BAD_USER_INPUT"])


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{ nothing_like_it }", "BAD_USER_INPUT"),
        ("{ ping", "BAD_USER_INPUT"),
        ("{ ping } #" + "x" * 100_000, "QUERY_TOO_COMPLEX"),
        ("{ " + "ping " * 31 + "}", "QUERY_TOO_COMPLEX"),
    ],
    ids=["invalid", "malformed", "long", "complex"],
)
def test_refused_document_is_not_stored(headers, document, code):
    assert codes(send(document, hash_=digest(document), headers=headers)) == [code]
    assert send(hash_=digest(document), headers=headers).json() == {"errors": [NOT_FOUND]}


def test_named_document_is_checked_against_the_current_limits(headers, settings):
    document = fresh("thing { parent { id } }")
    send(document, hash_=digest(document), headers=headers)

    settings.GRAPHQL_LIMITS = {"depth": 2}

    assert codes(send(hash_=digest(document), headers=headers)) == ["QUERY_TOO_COMPLEX"]


@pytest.mark.usefixtures("_away")
def test_text_runs_while_the_cache_cannot_be_reached(headers, restarted, caplog):
    document = fresh()

    answered(send(document, hash_=digest(document), headers=headers), document)
    restarted()

    assert send(hash_=digest(document), headers=headers).json() == {"errors": [NOT_FOUND]}
    levels = [record.levelname for record in caplog.records if record.name == "crm.graphql.documents"]
    assert levels == ["WARNING", "WARNING"]


def test_local_document_needs_no_shared_cache(headers, settings):
    document = fresh()
    send(document, hash_=digest(document), headers=headers)

    settings.CACHES = {**settings.CACHES, "documents": AWAY}

    answered(send(hash_=digest(document), headers=headers), document)


def test_document_expires_after_a_day(restarted, monkeypatch):
    cache = Mock(wraps=caches["documents"])
    monkeypatch.setattr(persisted, "caches", {"documents": cache})
    document = fresh()

    persisted.remember(1, digest(document), document)

    added = {call.args[0].split(":")[0]: call.kwargs["timeout"] for call in cache.add.call_args_list}
    assert added == {"document": 24 * 60 * 60, "documents": 2 * 24 * 60 * 60}


def test_company_stores_a_limited_number_of_characters_a_day(restarted, monkeypatch):
    company, other = 10_001, 10_002
    document, too_much = fresh(), fresh()
    monkeypatch.setattr(persisted, "MOST_CHARACTERS_A_DAY", len(document) + len(too_much) - 1)

    for text in (document, document, too_much):
        persisted.remember(company, digest(text), text)
    persisted.remember(other, digest(too_much), too_much)
    restarted()

    assert persisted.recall(company, digest(document)) == document
    assert persisted.recall(company, digest(too_much)) is None
    assert persisted.recall(other, digest(too_much)) == too_much


def test_process_caches_a_limited_number_of_characters(restarted, monkeypatch):
    restarted()
    monkeypatch.setattr(persisted, "MOST_LOCAL_CHARACTERS", 100)

    texts = [fresh() for _ in range(50)]
    for text in texts:
        persisted.remember(10_003, digest(text), text)

    assert 0 < persisted._local.size <= 100
    assert len(persisted._local) == 100 // len(texts[-1])


def test_shared_cache_is_bounded_and_separate_from_that_of_rates(settings, restarted):
    memory = "django.core.cache.backends.locmem.LocMemCache"
    settings.CACHES = {name: {"BACKEND": memory, "LOCATION": f"test-{name}"} for name in settings.CACHES}
    cache: Any = caches["documents"]
    caches["default"].set("rate", 1)

    for _ in range(2 * cache._max_entries):
        text = fresh()
        persisted.remember(10_004, digest(text), text)

    assert 0 < len(cache._cache) <= cache._max_entries
    assert caches["default"].get("rate") == 1


def test_cache_evicts_the_value_not_used_for_longest():
    memory: SizedCache[str] = SizedCache()
    for key in "abc":
        memory.put(key, key * 2, 2, most=6)
    assert memory.get("a") == "aa"

    memory.put("d", "dd", 2, most=6)
    memory.put("d", "d", 1, most=6)
    memory.put("e", "e" * 7, 7, most=6)

    assert (len(memory), memory.size) == (0, 0)
    memory.put("a", "a", 1, most=6)
    assert (memory.get("a"), memory.get("b"), memory.size) == ("a", None, 1)


def test_prepared_operation_without_text_names_its_kind(headers):
    document = fresh()
    actor = Actor(user_id=1, company_id=10_005, role=Role.AGENT, door=Door.GRAPHQL)
    subscription = Operation(query=None, extensions=extension(digest(document)))

    status, body = execute(schema, subscription, actor=actor, allow=frozenset(OperationType))

    assert (status, body) == (400, {"errors": [NOT_FOUND]})
