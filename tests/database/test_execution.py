"""Statements are visible to ``connection.execute_wrappers``, in which tracing tools register."""

from typing import Any

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.actors import Actor
from crm.database.driver import send
from crm.database.piggyback import Piggyback, fetch_with
from crm.database.statements import Parameter, Prepared, Sql, Statement
from crm.models import Tag
from leads.models import Lead
from pipelines.models import Stage
from tests.clients import data
from tests.factories.leads import LeadFactory
from tests.graphql.leads.operations import CREATE, UPDATE
from tests.statements import Trace, shapes

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

LIST = "{ leads { data { title stage { name } tags { name } } paginatorInfo { total } } }"
NUMBER = Parameter("number")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The statements that are sent without a cursor."""
    texts: list[bytes] = []

    def record(raw: Any, text: bytes, values: Any) -> Any:
        texts.append(text)
        return send(raw, text, values)

    monkeypatch.setattr("crm.database.execution.send", record)
    return texts


def list_leads(actor: Actor, lead: Lead) -> dict[str, Any]:
    return data(LIST, actor=actor)


def create_lead(actor: Actor, lead: Lead) -> dict[str, Any]:
    answer = data(CREATE, actor=actor, variables={"input": {"title": "New", "people_id": lead.person_id}})
    return {
        name: value for name, value in answer["createLead"].items() if name not in ("id", "uuid", "channels")
    }


def update_lead(actor: Actor, lead: Lead) -> dict[str, Any]:
    stage = Stage.objects.visible_to(actor).exclude(pk=lead.stage_id).order_by("pk")[0]
    values = {"title": "Moved", "pipeline_stage_id": stage.pk}
    return data(UPDATE, actor=actor, variables={"id": str(lead.pk), "input": values})


@pytest.mark.parametrize(("operate", "least"), [(list_leads, 1), (create_lead, 3), (update_lead, 5)])
def test_operation_is_seen_whole(operate, least, tenant, actors, sent):
    lead = LeadFactory(company=tenant.company, owner=tenant.users["agent"])

    def run() -> dict[str, Any]:
        # The same change twice, on the same rows.
        with transaction.atomic():
            answer: dict[str, Any] = operate(actors.agent, lead)
            transaction.set_rollback(True)
        return answer

    run()
    sent.clear()
    with CaptureQueriesContext(connection) as captured:
        answer = run()
    without_cursor = len(sent)
    trace = Trace()
    with connection.execute_wrapper(trace), CaptureQueriesContext(connection) as captured_again:
        traced = run()

    assert trace.shapes == shapes([each["sql"] for each in captured])
    assert trace.shapes == shapes([each["sql"] for each in captured_again])
    assert len(trace.shapes) >= least
    assert traced == answer
    assert 0 < without_cursor == len(sent)


def test_piggyback_is_seen_as_the_one_statement_that_it_is(company, sent):
    tag = Tag.objects.create(company=company, name="Hot 100%")
    leader = Prepared(lambda key: Tag.objects.filter(pk=key).values_list("name", "created_at", "pk"))
    statement = Statement.of(Sql("SELECT n, n %% 2 FROM generate_series(1, %s::integer) n", (NUMBER,)))
    alone = statement.texts({"number": 3})
    companion, trace = Piggyback(statement, {"number": 3}), Trace()
    sent.clear()

    with connection.execute_wrapper(trace):
        rows = fetch_with(companion, leader, key=tag.pk)

    assert rows == [("Hot 100%", tag.created_at, tag.pk)]
    assert companion.found == alone
    assert trace.shapes == ["SELECT crm_tag"]
    assert sent == []


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        (Sql("SELECT '100%%', 7 %% 4"), {}),
        (
            Sql("SELECT %s, %s, %s::text", (NUMBER, NUMBER, Parameter("word"))),
            {"number": 2**40, "word": "%s $1"},
        ),
        (
            Sql("SELECT 3 = ANY(%s), %s::text IS NULL", (NUMBER, Parameter("word"))),
            {"number": [1, 3], "word": None},
        ),
        (
            Sql("SELECT n / %s FROM generate_series(1, 4) n GROUP BY n / %s ORDER BY 1", (NUMBER, NUMBER)),
            {"number": 2},
        ),
    ],
)
def test_traced_statement_returns_the_same_values(sql, values):
    statement = Statement.of(sql)
    expected = statement.rows(values), statement.texts(values)

    with connection.execute_wrapper(Trace()):
        assert (statement.rows(values), statement.texts(values)) == expected


def test_wrapper_can_refuse_a_statement(sent):
    def refuse(*_: object) -> None:
        raise PermissionError

    with pytest.raises(PermissionError), connection.execute_wrapper(refuse):
        Statement.of("SELECT 1").rows({})

    assert sent == []


def test_traced_failure_is_an_error_of_django_and_leaves_the_transaction_usable():
    wrong = Statement.of(Sql("SELECT 1 / %s::bigint", (NUMBER,)))

    with connection.execute_wrapper(Trace()), pytest.raises(DataError):
        wrong.texts({"number": 0})

    assert wrong.rows({"number": 1}) == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_prepared_statements_survive_a_rollback_after_tracing():
    statement = Statement.of(Sql("SELECT %s::bigint + 1", (NUMBER,)))
    for number in range(4):
        statement.rows({"number": number})

    with connection.execute_wrapper(Trace()), transaction.atomic():
        for number in range(9):
            statement.rows({"number": number})
        transaction.set_rollback(True)

    assert statement.rows({"number": 1}) == [(2,)]
