"""The header Idempotency-Key: a repeated mutation takes effect once and gets the same answer."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from crm.models import Company, Filesystem, IdempotencyKey, Tag
from crm.services import idempotency
from leads.models import Lead
from tests.factories.crm import ApiTokenFactory
from tests.factories.leads import LeadFactory
from tests.file_samples import PDF, upload
from tests.patience import PATIENCE_SECONDS

CREATE = "mutation ($title: String!) { made: createLead(input: {title: $title}) { title id version uuid } }"

pytestmark = pytest.mark.django_db


def token_of(tenant, name="agent", *, again=""):
    raw = f"crm_{tenant.company.name}_{name}{again}"
    ApiTokenFactory(raw=raw, company=tenant.company, user=tenant.users[name])
    return {"Authorization": f"Bearer {raw}"}


@pytest.fixture
def token(tenant):
    return token_of(tenant)


def send(query=CREATE, variables=None, *, headers, key="one", client=None):
    body = {"query": query, "variables": {"title": "Deal"} if variables is None else variables}
    return (client or Client()).post(
        "/graphql", body, content_type="application/json", headers=headers | {"Idempotency-Key": key}
    )


def code_of(response):
    [error] = response.json()["errors"]
    return error["extensions"]["code"]


def test_repetition_gets_the_identical_first_answer(token):
    first = send(headers=token)
    Lead.objects.update(title="Changed meanwhile", version=9)

    again = [send(headers=token) for _ in range(3)]

    assert first.json()["data"]["made"]["title"] == "Deal"
    assert {answer.content for answer in again} == {first.content}
    assert (Lead.objects.count(), IdempotencyKey.objects.count()) == (1, 1)


def test_without_a_key_each_request_takes_effect(token):
    for _ in range(2):
        Client().post(
            "/graphql",
            {"query": CREATE, "variables": {"title": "Deal"}},
            content_type="application/json",
            headers=token,
        )

    assert (Lead.objects.count(), IdempotencyKey.objects.count()) == (2, 0)


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (CREATE, {"title": "Another"}),
        (CREATE, {"title": "Deal", "more": 1}),
        (CREATE.replace("made:", "other:"), {"title": "Deal"}),
        ('mutation { createTag(input: {name: "A"}) { id } }', {}),
    ],
)
def test_other_request_with_the_same_key_is_refused(token, query, variables):
    send(headers=token)

    answer = send(query, variables, headers=token)

    assert code_of(answer) == "CONFLICT"
    assert (Lead.objects.count(), Tag.objects.count(), IdempotencyKey.objects.count()) == (1, 0, 1)


def test_refused_request_is_not_stored(token):
    refused = send(variables={"title": " "}, headers=token)
    assert (code_of(refused), IdempotencyKey.objects.count()) == ("VALIDATION", 0)

    assert send(headers=token).json()["data"]["made"]["title"] == "Deal"


def test_key_is_stored_in_the_transaction_of_the_mutation(token, monkeypatch):
    def fail(result):
        raise RuntimeError("between effect and commit")

    monkeypatch.setattr(idempotency, "_noted", fail)
    assert code_of(send(headers=token)) == "INTERNAL"
    assert (Lead.objects.count(), IdempotencyKey.objects.count()) == (0, 0)
    monkeypatch.undo()

    assert "errors" not in send(headers=token).json()


def test_tokens_and_companies_have_separate_keys(tenant, other_tenant):
    headers = [
        token_of(tenant),
        token_of(tenant, again="2"),
        token_of(tenant, "manager"),
        token_of(other_tenant),
    ]

    made = {send(headers=each).json()["data"]["made"]["id"] for each in headers}

    assert len(made) == Lead.objects.count() == 4


def test_sessions_of_a_user_share_their_keys(tenant):
    answers = []
    for _ in range(2):
        client = Client()
        client.force_login(tenant.users["agent"])
        answers.append(send(headers={}, client=client))

    assert answers[0].content == answers[1].content
    assert Lead.objects.count() == 1


def test_fields_of_a_document_are_stored_one_by_one(token):
    query = (
        'mutation ($tag: String!) { lead: createLead(input: {title: "Deal"}) { id }'
        " tag: createTag(input: {name: $tag}) { id } }"
    )
    tag = Tag(company=Company.objects.get(), name="Taken", slug="taken")
    tag.save()

    first = send(query, {"tag": "Taken"}, headers=token).json()
    tag.delete()
    second = send(query, {"tag": "Taken"}, headers=token).json()
    third = send(query, {"tag": "Taken"}, headers=token).json()

    assert [error["path"] for error in first["errors"]] == [["tag"]]
    assert second["data"]["lead"] == first["data"]["lead"]
    assert second["data"]["tag"] is not None
    assert third == second
    assert (Lead.objects.count(), Tag.objects.count()) == (1, 1)


def test_effect_without_a_stored_answer_is_read_again(token):
    first = send(headers=token)
    IdempotencyKey.objects.update(answer=None)

    second = send(headers=token)

    assert second.json() == first.json()
    kept: Any = IdempotencyKey.objects.get().answer
    assert json.loads(kept)["data"] == first.json()["data"]["made"]
    assert Lead.objects.count() == 1


def test_boolean_result_without_a_stored_answer_is_returned_again(tenant, token):
    lead = LeadFactory(company=tenant.company)
    query = "mutation ($id: ID!) { deleteLead(id: $id) }"
    for _ in range(2):
        assert send(query, {"id": lead.pk}, headers=token).json() == {"data": {"deleteLead": True}}
        IdempotencyKey.objects.update(answer=None)

    assert code_of(send(query, {"id": lead.pk}, headers=token, key="two")) == "NOT_FOUND"


def send_files(*files, headers):
    query = "mutation ($files: [Upload!]!) { multiUpload(files: $files) { name } }"
    operations = json.dumps({"query": query, "variables": {"files": [None] * len(files)}})
    places = json.dumps({str(index): [f"variables.files.{index}"] for index in range(len(files))})
    parts = {str(index): file for index, file in enumerate(files)}
    return Client().post(
        "/graphql",
        {"operations": operations, "map": places, **parts},
        headers=headers | {"Idempotency-Key": "one"},
    )


def test_files_are_part_of_the_fingerprint(token):
    first = send_files(upload("a.pdf"), upload("b.pdf"), headers=token)
    again = send_files(upload("a.pdf"), upload("b.pdf"), headers=token)
    other_content = send_files(upload("a.pdf"), upload("b.pdf", PDF + b"\n"), headers=token)
    other_name = send_files(upload("a.pdf"), upload("c.pdf"), headers=token)

    assert first.json()["data"]["multiUpload"] == [{"name": "a.pdf"}, {"name": "b.pdf"}]
    assert again.content == first.content
    assert [code_of(answer) for answer in (other_content, other_name)] == ["CONFLICT"] * 2
    assert Filesystem.objects.count() == 2


def test_result_that_cannot_be_found_again_is_a_conflict(token):
    send_files(upload("a.pdf"), headers=token)
    IdempotencyKey.objects.update(answer=None)

    assert code_of(send_files(upload("a.pdf"), headers=token)) == "CONFLICT"
    assert Filesystem.objects.count() == 1


def test_key_is_stored_for_a_day(token):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = send(headers=token)
        clock.shift(timedelta(hours=24))
        assert send(headers=token).content == first.content
        clock.shift(timedelta(seconds=1))
        assert send(headers=token).content != first.content
        assert (Lead.objects.count(), IdempotencyKey.objects.count()) == (2, 1)

        clock.shift(timedelta(hours=12))
        send(headers=token, key="young")
        clock.shift(timedelta(hours=13))
        out = StringIO()
        call_command("prune_idempotency_keys", stdout=out)

    assert out.getvalue() == "Removed: 1 keys.\n"
    assert IdempotencyKey.objects.get().key == "young"


@pytest.mark.parametrize(("length", "status"), [(0, 400), (1, 200), (255, 200), (256, 400)])
def test_length_of_the_key_is_limited(token, length, status):
    answer = send(headers=token, key="k" * length)

    assert answer.status_code == status
    assert Lead.objects.count() == (status == 200)
    if status == 400:
        assert code_of(answer) == "BAD_USER_INPUT"


def test_queries_ignore_the_key(token):
    for query in ("{ me { id } }", "{ tags { data { id } } }"):
        assert "errors" not in send(query, {}, headers=token, key="k" * 300).json()

    assert not IdempotencyKey.objects.exists()


def test_caller_who_lost_the_right_gets_no_stored_answer(tenant, token):
    send(headers=token)
    tenant.company.memberships.filter(user=tenant.users["agent"]).update(role="VIEWER")

    assert code_of(send(headers=token)) == "FORBIDDEN"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_of_sixteen_concurrent_requests_takes_effect(tenant):
    headers = token_of(tenant)
    start = threading.Barrier(16)

    def once():
        start.wait()
        try:
            return send(headers=headers).json()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as threads:
        at_once = [future.result() for future in [threads.submit(once) for _ in range(16)]]
    retried = {send(headers=headers).content for _ in range(16)}

    lead = Lead.objects.get()
    [answer] = [json.loads(content) for content in retried]
    assert answer["data"]["made"] == {
        "title": "Deal",
        "id": str(lead.pk),
        "version": 1,
        "uuid": str(lead.uuid),
    }
    conflicts = [one for one in at_once if "errors" in one]
    assert [one for one in at_once if one not in conflicts] == [answer] * (16 - len(conflicts))
    assert {one["errors"][0]["extensions"]["code"] for one in conflicts} <= {"CONFLICT"}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("query", [CREATE, CREATE.replace("made:", "other:")])
def test_key_is_a_conflict_while_the_first_request_is_running(tenant, query):
    headers = token_of(tenant)
    send(headers=headers, key="shape")
    row = IdempotencyKey.objects.get()
    first = idempotency.Once(
        company_id=row.company_id, account=row.account, key="one", fingerprint=row.fingerprint
    )
    taken, ended = threading.Event(), threading.Event()

    def work():
        taken.set()
        assert ended.wait(PATIENCE_SECONDS)

    def run():
        try:
            first.run("made", work, lambda key: None)
        finally:
            connections.close_all()

    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(run)
        assert taken.wait(PATIENCE_SECONDS)
        answer = send(query, headers=headers)
        ended.set()
        running.result()

    assert code_of(answer) == "CONFLICT"
    assert Lead.objects.count() == 1
    assert code_of(send(CREATE.replace("made:", "other:"), headers=headers)) == "CONFLICT"
