"""Authentication and first read in one statement: the answers are the same as without it."""

import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.database.statements import Statement
from crm.graphql.compiler.list_reads import ListRead
from crm.graphql.http.speculation import predict
from crm.models import ApiToken, LeadVisibility, Membership
from crm.services.tokens import create_token, revoke_token
from leads.models import Lead
from tests.config.both_paths import send
from tests.factories.leads import LeadFactory
from tests.graphql.hashes import digest, extension, fresh
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

LEADS = "{ leads(first: 2) { data { title owner { displayname } } } }"
WITH_TOTAL = "{ leads(first: 2) { data { title } paginatorInfo { total endCursor } } }"


@pytest.fixture
def raw(tenant):
    """The token of an agent who owns one lead; a manager owns three."""
    LeadFactory(company=tenant.company, title="Mine", owner=tenant.users["agent"])
    for number in range(3):
        LeadFactory(company=tenant.company, title=f"Theirs {number}", owner=tenant.users["manager"])
    return create_token(tenant.users["agent"], tenant.company, name="program")[1]


def body(query: str, **variables: Any) -> dict[str, Any]:
    return {"query": query, "variables": variables}


def statements(both_paths: Any, raw: str, sent: dict[str, Any]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        send(both_paths.fast, raw, sent)
    return [each["sql"] for each in captured if "SAVEPOINT" not in each["sql"]]


@pytest.mark.postgres
def test_list_of_a_predicted_caller_takes_one_statement(both_paths, raw):
    first = send(both_paths.fast, raw, body(LEADS))

    assert len(statements(both_paths, raw, body(LEADS))) == 1
    assert len(statements(both_paths, raw, body(WITH_TOTAL))) == 1
    assert send(both_paths.fast, raw, body(LEADS)) == first == send(both_paths.django, raw, body(LEADS))


PAGES = {
    "none": '{ leads(where: { column: TITLE, value: "none" }) { data { title } paginatorInfo { total } } }',
    "a page of no rows": "{ leads(first: 0) { data { title } paginatorInfo { total hasMorePages } } }",
    "only the total": "{ leads { paginatorInfo { total } } }",
    "a later page": "{ leads(first: 2, page: 2) { data { title } paginatorInfo { lastItem } } }",
    "a page beyond the end": "{ leads(first: 2, page: 9) { data { title } paginatorInfo { total } } }",
    "an order": "{ leads(orderBy: [{ column: TITLE, order: DESC }]) { data { title } } }",
    "a search": '{ leads(search: "theirs") { data { title } } }',
    "two lists": "{ a: leads(first: 1) { data { title } } b: people { data { name } } }",
    "nulls": "{ leads(first: 1) { data { description people { name } } } }",
    "a missing row": '{ lead(id: "999999999") { title } }',
    "introspection": "{ __schema { queryType { name } } leads { data { title } } }",
    "a page out of range": "{ leads(first: 1000) { data { title } } }",
    "a bad cursor": '{ leads(after: "x") { data { title } } }',
    "a mutation": 'mutation { updateLead(id: "0", input: { title: "x" }) { title } }',
}


@pytest.mark.parametrize("name", PAGES)
def test_answer_is_the_same_for_a_predicted_caller(both_paths, raw, name):
    answers = [
        send(path, raw, body(PAGES[name]))
        for path in (both_paths.fast, both_paths.fast, both_paths.fast, both_paths.django)
    ]

    assert answers[0] == answers[1] == answers[2] == answers[3]
    assert answers[0][0] == HTTPStatus.OK


def revoke(tenant: Any, raw: str) -> None:
    revoke_token(raw)


def expire(tenant: Any, raw: str) -> None:
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def end_membership(tenant: Any, raw: str) -> None:
    Membership.objects.filter(user=tenant.users["agent"]).update(is_active=False)


def hide_leads_of_others(tenant: Any, raw: str) -> None:
    tenant.company.lead_visibility = LeadVisibility.OWN
    tenant.company.save()


def promote(tenant: Any, raw: str) -> None:
    hide_leads_of_others(tenant, raw)
    Membership.objects.filter(user=tenant.users["agent"]).update(role="MANAGER")


def remove_read_scope(tenant: Any, raw: str) -> None:
    ApiToken.objects.update(scopes=["write"])


def allow_registered_documents_only(tenant: Any, raw: str) -> None:
    tenant.company.registered_documents_only = True
    tenant.company.save()


CHANGES = {
    revoke: HTTPStatus.UNAUTHORIZED,
    expire: HTTPStatus.UNAUTHORIZED,
    end_membership: HTTPStatus.UNAUTHORIZED,
    hide_leads_of_others: HTTPStatus.OK,
    promote: HTTPStatus.OK,
    remove_read_scope: HTTPStatus.OK,
    allow_registered_documents_only: HTTPStatus.OK,
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_rights_count_at_once(both_paths, tenant, raw, change):
    before = send(both_paths.fast, raw, body(LEADS))
    assert predict(f"Bearer {raw}") is not None

    change(tenant, raw)
    after = send(both_paths.fast, raw, body(LEADS))

    assert after[0] == CHANGES[change]
    assert after == send(both_paths.django, raw, body(LEADS))
    assert (after == before) is (change is promote)
    if after[0] == HTTPStatus.UNAUTHORIZED:
        assert predict(f"Bearer {raw}") is None


def test_predicted_agent_sees_only_own_leads_after_the_change(both_paths, tenant, raw):
    send(both_paths.fast, raw, body(LEADS))
    hide_leads_of_others(tenant, raw)

    seen = json.loads(send(both_paths.fast, raw, body(LEADS))[2])

    assert [lead["title"] for lead in seen["data"]["leads"]["data"]] == ["Mine"]


def test_predicted_token_does_not_open_another_company(both_paths, raw, other_company):
    send(both_paths.fast, raw, body(LEADS))

    status, _, content = send(both_paths.fast, raw, body(LEADS), HTTP_X_COMPANY=str(other_company.pk))

    assert (status, json.loads(content).get("data")) == (HTTPStatus.OK, None)


@pytest.mark.postgres
@pytest.mark.parametrize("failing", ["(1 / 0)", "pg_cancel_backend(pg_backend_pid())"])
def test_failing_read_fails_the_same_when_sent_with_the_authentication(both_paths, raw, failing, monkeypatch):
    statement = Statement(f"SELECT {failing}::text".encode(), ())
    monkeypatch.setattr(ListRead, "page_of", lambda *_, **__: statement)
    sent = body(f"{LEADS} # {failing}")
    send(both_paths.fast, raw)

    answers = [send(path, raw, sent) for path in (both_paths.fast, both_paths.django)]

    assert answers[0][0] == answers[1][0]
    assert without_references(answers[0]) == without_references(answers[1])


def without_references(answer: tuple[int, Any, bytes]) -> Any:
    """Return the body without the references of its errors, which are unique."""
    content = json.loads(answer[2])
    for error in content.get("errors", []):
        error["extensions"].pop("ref", None)
    return content


@pytest.mark.postgres
def test_account_without_points_reads_no_row(both_paths, raw, settings):
    settings.API_RATE_LIMIT = 2
    for _ in range(2):
        send(both_paths.fast, raw, body(LEADS))

    sent = statements(both_paths, raw, body(LEADS))

    assert len(sent) == 1
    assert Lead._meta.db_table not in sent[0]
    assert send(both_paths.fast, raw, body(LEADS)) == send(both_paths.django, raw, body(LEADS))


def test_points_are_charged_once(both_paths, raw, settings):
    settings.API_RATE_LIMIT = 3
    statuses = [send(both_paths.fast, raw, body(LEADS))[0] for _ in range(4)]

    assert statuses == [HTTPStatus.OK] * 3 + [HTTPStatus.TOO_MANY_REQUESTS]


def test_document_of_a_revoked_token_is_not_stored_for_its_company(both_paths, tenant, raw):
    text = fresh()
    send(both_paths.fast, raw, body(LEADS))
    revoke_token(raw)
    send(both_paths.fast, raw, {"query": text, "extensions": extension(digest(text))})

    _, other = create_token(tenant.users["agent"], tenant.company, name="other")
    content = send(both_paths.fast, other, {"extensions": extension(digest(text))})[2]

    assert b"PERSISTED_QUERY_NOT_FOUND" in content
