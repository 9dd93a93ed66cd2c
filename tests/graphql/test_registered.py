"""Companies and installations where only registered documents run, by hash or by text."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user
from django.test import Client

from crm.actors import Actor, Door, Role
from crm.graphql.execution import Operation, execute
from crm.models import Company
from crm.services.registered_documents import NewDocument, forget_documents, register_documents
from tests.graphql.hashes import digest, extension, fresh, key_of
from tests.graphql.http import bearer, codes, member, post, token_of
from tests.graphql.small_schema import schema

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.graphql.small_urls")]

REFUSED = {
    "errors": [
        {
            "message": "This document is not registered, and only registered documents may run here.",
            "extensions": {"code": "BAD_USER_INPUT", "reason": "DOCUMENT_NOT_REGISTERED"},
        }
    ]
}


def register(*documents, company=None):
    return register_documents(
        [NewDocument(digest=digest(text), name="a query", text=text) for text in documents], company=company
    )


def ask(document, headers, *, by):
    named = {"extensions": extension(digest(document))}
    bodies = {"text": {"query": document}, "hash": named, "both": {"query": document, **named}}
    return post(bodies[by], headers=headers).json()


@pytest.fixture(params=["installation", "company"])
def bound(request, settings):
    """Return a member of a company where only registered documents run, by each of the two switches."""
    membership = member(Role.AGENT)
    if request.param == "installation":
        settings.GRAPHQL_REGISTERED_ONLY = True
    else:
        Company.objects.filter(pk=membership.company_id).update(registered_documents_only=True)
    return membership


@pytest.fixture
def headers(bound):
    return {"Authorization": f"Bearer {token_of(bound)[1]}"}


@pytest.mark.parametrize("by", ["text", "hash", "both"])
@pytest.mark.parametrize("of_all", [True, False])
def test_registered_document_runs_and_no_other(bound, headers, by, of_all):
    document, other = fresh(), fresh()
    register(document, company=None if of_all else bound.company)

    assert ask(document, headers, by=by) == {"data": {key_of(document): "pong"}}
    assert ask(other, headers, by=by) == REFUSED


def test_document_of_another_company_does_not_run(bound, headers):
    document = fresh()
    register(document, company=member().company)

    for by in ("text", "hash", "both"):
        assert ask(document, headers, by=by) == REFUSED


def test_other_companies_run_any_document():
    membership = member(company=Company.objects.create(name="Bound", registered_documents_only=True))
    document = fresh()

    assert ask(document, {"Authorization": f"Bearer {token_of(membership)[1]}"}, by="text") == REFUSED
    assert ask(document, bearer(), by="text") == {"data": {key_of(document): "pong"}}


def test_text_that_was_sent_before_the_switch_is_refused_after_it():
    membership = member()
    headers = {"Authorization": f"Bearer {token_of(membership)[1]}"}
    document = fresh()
    assert "data" in ask(document, headers, by="both")

    Company.objects.filter(pk=membership.company_id).update(registered_documents_only=True)

    for by in ("text", "hash", "both"):
        assert ask(document, headers, by=by) == REFUSED


def test_registered_hash_runs_where_others_run_too():
    membership = member()
    document = fresh()
    register(document, company=membership.company)

    answer = ask(document, {"Authorization": f"Bearer {token_of(membership)[1]}"}, by="hash")

    assert answer == {"data": {key_of(document): "pong"}}


def test_wrong_hash_of_a_registered_text_is_refused(bound, headers):
    document = fresh()
    register(document)

    response = post({"query": document, "extensions": extension(digest("{ ping }"))}, headers=headers)

    assert codes(response) == ["BAD_USER_INPUT"]
    assert "reason" not in response.json()["errors"][0]["extensions"]


def test_stranger_cannot_find_out_what_is_registered(settings):
    settings.GRAPHQL_REGISTERED_ONLY = True
    document = fresh()
    register(document)

    for text in (document, fresh()):
        for by in ("text", "hash", "both"):
            assert ask(text, {}, by=by)["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


def test_limits_hold_for_registered_documents(bound, headers, settings):
    document = fresh("thing { parent { id } }")
    register(document)

    settings.GRAPHQL_LIMITS = {"depth": 2}

    assert codes(post({"extensions": extension(digest(document))}, headers=headers)) == ["QUERY_TOO_COMPLEX"]


def test_registered_document_is_read_once_a_minute(bound, headers, time_machine, django_assert_num_queries):
    time_machine.move_to(datetime(2030, 1, 1, tzinfo=UTC), tick=False)
    document = fresh()
    register(document, company=bound.company)
    actor = Actor(
        user_id=bound.user_id,
        company_id=bound.company_id,
        role=Role.AGENT,
        door=Door.GRAPHQL,
        registered_documents_only=True,
    )
    operation = Operation(query=None, extensions=extension(digest(document)))

    for statements in (1, 0, 0):
        with django_assert_num_queries(statements):
            assert execute(schema, operation, actor=actor)[0] == 200
    assert forget_documents([digest(document)], company=bound.company) == 1
    time_machine.shift(59)
    assert execute(schema, operation, actor=actor)[0] == 200
    time_machine.shift(1)
    assert execute(schema, operation, actor=actor) == (400, REFUSED)


def test_no_statement_where_the_switch_is_off(django_assert_num_queries):
    actor = Actor(user_id=1, company_id=1, role=Role.AGENT, door=Door.GRAPHQL)

    with django_assert_num_queries(0):
        assert execute(schema, Operation(query=fresh()), actor=actor)[0] == 200


def browser(role: Role) -> Client:
    client = Client()
    client.force_login(member(role).user)
    assert get_user(client).is_authenticated
    return client


@pytest.mark.parametrize(
    ("role", "debug", "runs"),
    [(Role.ADMIN, True, True), (Role.ADMIN, False, False), (Role.MANAGER, True, False)],
)
def test_signed_in_administrator_runs_any_document_in_debug(settings, role, debug, runs):
    settings.GRAPHQL_REGISTERED_ONLY = True
    settings.DEBUG = debug
    document = fresh()

    answer = post({"query": document}, client=browser(role)).json()

    assert answer == ({"data": {key_of(document): "pong"}} if runs else REFUSED)


def test_token_of_an_administrator_runs_registered_documents_alone_in_debug(settings):
    settings.GRAPHQL_REGISTERED_ONLY = True
    settings.DEBUG = True

    assert post({"query": "{ __schema { types { name } } }"}, headers=bearer(Role.ADMIN)).json() == REFUSED
