"""Who asks and what is asked in one statement: faster, and never another answer than by two."""

import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.authentication import predicted_credential
from crm.database.statements import Statement
from crm.graphql.compiler.list_reads import ListRead
from crm.models import ApiToken, LeadVisibility, Membership
from crm.services.tokens import create_token, revoke_token
from leads.models import Lead
from tests.config.ways import ask
from tests.factories.leads import LeadFactory
from tests.graphql.hashes import digest, extension, fresh

LEADS = "{ leads(first: 2) { data { title owner { displayname } } } }"
WITH_TOTAL = "{ leads(first: 2) { data { title } paginatorInfo { total endCursor } } }"


@pytest.fixture
def raw(tenant):
    """The token of an agent, of whose leads there is one, among those of a manager."""
    LeadFactory(company=tenant.company, title="Mine", owner=tenant.users["agent"])
    for number in range(3):
        LeadFactory(company=tenant.company, title=f"Theirs {number}", owner=tenant.users["manager"])
    return create_token(tenant.users["agent"], tenant.company, name="program")[1]


def body(query: str, **variables: Any) -> dict[str, Any]:
    return {"query": query, "variables": variables}


def statements(ways: Any, raw: str, asked: dict[str, Any]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        ask(ways.short, raw, asked)
    return [each["sql"] for each in captured if "SAVEPOINT" not in each["sql"]]


@pytest.mark.postgres
def test_list_takes_one_statement_for_a_token_that_is_known(ways, raw):
    first = ask(ways.short, raw, body(LEADS))

    assert len(statements(ways, raw, body(LEADS))) == 1
    assert len(statements(ways, raw, body(WITH_TOTAL))) == 1
    assert ask(ways.short, raw, body(LEADS)) == first == ask(ways.long, raw, body(LEADS))


PAGES = {
    "none": '{ leads(where: { column: TITLE, value: "none" }) { data { title } paginatorInfo { total } } }',
    "a page of no rows": "{ leads(first: 0) { data { title } paginatorInfo { total hasMorePages } } }",
    "only the total": "{ leads { paginatorInfo { total } } }",
    "a later page": "{ leads(first: 2, page: 2) { data { title } paginatorInfo { lastItem } } }",
    "a page past the end": "{ leads(first: 2, page: 9) { data { title } paginatorInfo { total } } }",
    "an order": "{ leads(orderBy: [{ column: TITLE, order: DESC }]) { data { title } } }",
    "a search": '{ leads(search: "theirs") { data { title } } }',
    "two lists": "{ a: leads(first: 1) { data { title } } b: people { data { name } } }",
    "nulls": "{ leads(first: 1) { data { description people { name } } } }",
    "a row that is not there": '{ lead(id: "999999999") { title } }',
    "what Python answers": "{ __schema { queryType { name } } leads { data { title } } }",
    "a page out of range": "{ leads(first: 1000) { data { title } } }",
    "a bad cursor": '{ leads(after: "x") { data { title } } }',
    "a mutation": 'mutation { updateLead(id: "0", input: { title: "x" }) { title } }',
}


@pytest.mark.parametrize("name", PAGES)
def test_answer_is_the_same_when_the_token_is_known(ways, raw, name):
    answers = [ask(way, raw, body(PAGES[name])) for way in (ways.short, ways.short, ways.short, ways.long)]

    assert answers[0] == answers[1] == answers[2] == answers[3]
    assert answers[0][0] == HTTPStatus.OK


def revoke(tenant: Any, raw: str) -> None:
    revoke_token(raw)


def expire(tenant: Any, raw: str) -> None:
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def leave(tenant: Any, raw: str) -> None:
    Membership.objects.filter(user=tenant.users["agent"]).update(is_active=False)


def hide(tenant: Any, raw: str) -> None:
    tenant.company.lead_visibility = LeadVisibility.OWN
    tenant.company.save()


def promote(tenant: Any, raw: str) -> None:
    hide(tenant, raw)
    Membership.objects.filter(user=tenant.users["agent"]).update(role="MANAGER")


def take_reading(tenant: Any, raw: str) -> None:
    ApiToken.objects.update(scopes=["write"])


def register(tenant: Any, raw: str) -> None:
    tenant.company.registered_documents_only = True
    tenant.company.save()


CHANGES = {
    revoke: HTTPStatus.UNAUTHORIZED,
    expire: HTTPStatus.UNAUTHORIZED,
    leave: HTTPStatus.UNAUTHORIZED,
    hide: HTTPStatus.OK,
    promote: HTTPStatus.OK,
    take_reading: HTTPStatus.OK,
    register: HTTPStatus.OK,
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_since_the_token_was_known_counts_at_once(ways, tenant, raw, change):
    before = ask(ways.short, raw, body(LEADS))
    assert predicted_credential(f"Bearer {raw}") is not None

    change(tenant, raw)
    after = ask(ways.short, raw, body(LEADS))

    assert after[0] == CHANGES[change]
    assert after == ask(ways.long, raw, body(LEADS))
    assert (after == before) is (change is promote)
    if after[0] == HTTPStatus.UNAUTHORIZED:
        assert predicted_credential(f"Bearer {raw}") is None


def test_own_leads_are_all_that_a_known_agent_sees_from_now_on(ways, tenant, raw):
    ask(ways.short, raw, body(LEADS))
    hide(tenant, raw)

    seen = json.loads(ask(ways.short, raw, body(LEADS))[2])

    assert [lead["title"] for lead in seen["data"]["leads"]["data"]] == ["Mine"]


def test_token_of_another_company_header_opens_nothing(ways, raw, other_company):
    ask(ways.short, raw, body(LEADS))

    status, _, told = ask(ways.short, raw, body(LEADS), HTTP_X_COMPANY=str(other_company.pk))

    assert (status, json.loads(told).get("data")) == (HTTPStatus.OK, None)


@pytest.mark.postgres
@pytest.mark.parametrize("failing", ["(1 / 0)", "pg_cancel_backend(pg_backend_pid())"])
def test_a_read_that_fails_on_the_way_fails_as_by_itself(ways, raw, failing, monkeypatch):
    statement = Statement(f"SELECT {failing}::text".encode(), ())
    monkeypatch.setattr(ListRead, "page_of", lambda *_, **__: statement)
    asked = body(f"{LEADS} # {failing}")
    ask(ways.short, raw)

    answers = [ask(way, raw, asked) for way in (ways.short, ways.long)]

    assert answers[0][0] == answers[1][0]
    assert told_of(answers[0]) == told_of(answers[1])


def told_of(answer: tuple[int, Any, bytes]) -> Any:
    """Give what an answer says, without the references of its errors, which no two share."""
    told = json.loads(answer[2])
    for error in told.get("errors", []):
        error["extensions"].pop("ref", None)
    return told


@pytest.mark.postgres
def test_no_row_is_read_for_an_account_without_points(ways, raw, settings):
    settings.API_RATE_LIMIT = 2
    for _ in range(2):
        ask(ways.short, raw, body(LEADS))

    taken = statements(ways, raw, body(LEADS))

    assert len(taken) == 1
    assert Lead._meta.db_table not in taken[0]
    assert ask(ways.short, raw, body(LEADS)) == ask(ways.long, raw, body(LEADS))


def test_points_are_taken_once(ways, raw, settings):
    settings.API_RATE_LIMIT = 3
    statuses = [ask(ways.short, raw, body(LEADS))[0] for _ in range(4)]

    assert statuses == [HTTPStatus.OK] * 3 + [HTTPStatus.TOO_MANY_REQUESTS]


def test_document_of_a_revoked_token_is_not_kept_for_its_company(ways, tenant, raw):
    text = fresh()
    ask(ways.short, raw, body(LEADS))
    revoke_token(raw)
    ask(ways.short, raw, {"query": text, "extensions": extension(digest(text))})

    _, other = create_token(tenant.users["agent"], tenant.company, name="other")
    told = ask(ways.short, other, {"extensions": extension(digest(text))})[2]

    assert b"PERSISTED_QUERY_NOT_FOUND" in told
