"""What the open leads of stages and pipelines are worth: exact, by currency, for what one sees."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Lead, LeadFollower, LeadParticipant, LeadStatus
from leads.services.closing import close_lead
from leads.services.leads import delete_lead
from pipelines.models import Stage
from tests.clients import data
from tests.factories.leads import LeadFactory
from tests.factories.pipelines import PipelineFactory, StageFactory

pytestmark = pytest.mark.django_db

DOCUMENT = """{ pipelines(first: 100) { data { name open_amount { currency amount }
  stages { name open_amount { amount currency } } } } }"""
LARGEST = Decimal("999999999999.99")


@pytest.fixture(params=["compiled", "standard"])
def executor(request: pytest.FixtureRequest) -> str:
    if request.param == "standard":
        request.getfixturevalue("standard_executor")
    name: str = request.param
    return name


def worth(company: Any, amount: Decimal | str | None, currency: str | None = "EUR", **values: Any) -> Lead:
    lead: Lead = LeadFactory(company=company, **values)
    Lead.objects.filter(pk=lead.pk).update(amount=amount, currency=currency)
    return lead


def amounts(answer: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """Return the amounts of the pipelines and stages that have any, by name."""
    rows = [row for pipeline in answer["pipelines"]["data"] for row in (pipeline, *pipeline["stages"])]
    found = {row["name"]: [(each["currency"], each["amount"]) for each in row["open_amount"]] for row in rows}
    return {name: each for name, each in found.items() if each}


def test_amounts_are_of_open_live_leads_by_currency(tenant, other_tenant, actors, executor):
    company = tenant.company
    pipeline = PipelineFactory(company=company, name="Renewals")
    first, second = (StageFactory(company=company, pipeline=pipeline, name=name) for name in ("One", "Two"))
    worth(company, "0.10", stage=first)
    worth(company, "0.20", stage=first)
    worth(company, LARGEST, stage=first)
    worth(company, "5", "USD", stage=first)
    worth(company, "0.00", "CHF", stage=first)
    worth(company, None, None, stage=first)
    worth(company, "7.5", "USD", stage=second)
    for outcome in ("won", "lost", "close"):
        close_lead(worth(company, "100", stage=second).pk, outcome, actor=actors.manager)
    delete_lead(worth(company, "100", stage=second).pk, actor=actors.manager)
    worth(other_tenant.company, "100")

    assert amounts(data(DOCUMENT, actor=actors.viewer)) == {
        "Renewals": [("CHF", "0.00"), ("EUR", "1000000000000.29"), ("USD", "12.50")],
        "One": [("CHF", "0.00"), ("EUR", "1000000000000.29"), ("USD", "5.00")],
        "Two": [("USD", "7.50")],
    }


def test_amounts_are_of_leads_that_one_sees(tenant, actors, executor):
    agent = tenant.users["agent"]
    stage = StageFactory(company=tenant.company, pipeline=PipelineFactory(company=tenant.company, name="P"))
    worth(tenant.company, "1", stage=stage, owner=agent)
    LeadParticipant.objects.create(lead=worth(tenant.company, "2", stage=stage), user=agent)
    LeadFollower.objects.create(lead=worth(tenant.company, "4", stage=stage), user=agent)
    worth(tenant.company, "8", stage=stage, owner=tenant.users["colleague"])

    def seen(name: str) -> list[tuple[str, str]]:
        actor = replace(getattr(actors, name), company_sees_all_leads=False)
        return amounts(data(DOCUMENT, actor=actor)).get("P", [])

    assert seen("agent") == [("EUR", "7.00")]
    assert seen("colleague") == [("EUR", "8.00")]
    assert seen("viewer") == []
    assert seen("manager") == [("EUR", "15.00")]


def test_amounts_follow_the_category_of_a_status(tenant, actors, executor):
    """Without a service too: nothing has to be summed up anew."""
    status = LeadStatus.objects.create(company=tenant.company, name="Waiting")
    worth(tenant.company, "3", stage=Stage.objects.filter(company=tenant.company)[0], status=status)
    before = amounts(data(DOCUMENT, actor=actors.viewer))

    LeadStatus.objects.filter(pk=status.pk).update(category="LOST")

    assert {tuple(each) for each in before.values()} == {(("EUR", "3.00"),)}
    assert amounts(data(DOCUMENT, actor=actors.viewer)) == {}


def test_amounts_below_a_lead(tenant, actors, executor):
    lead = worth(tenant.company, "3")

    answer = data(
        f"{{ lead(id: {lead.pk}) {{ stage {{ open_amount {{ amount name: __typename }} }}"
        " pipeline { open_amount { __typename } } } }",
        actor=actors.viewer,
    )

    assert answer == {
        "lead": {
            "stage": {"open_amount": [{"amount": "3.00", "name": "Money"}]},
            "pipeline": {"open_amount": [{"__typename": "Money"}]},
        }
    }


@pytest.mark.postgres
def test_amounts_are_read_without_leads(tenant, actors, executor):
    worth(tenant.company, "3")

    with CaptureQueriesContext(connection) as captured:
        assert amounts(data(DOCUMENT, actor=actors.viewer))

    assert [query["sql"] for query in captured if 'leads_lead"' in query["sql"]] == []


def test_statements_do_not_grow_with_the_rows(tenant, actors, executor, django_assert_max_num_queries):
    def statements() -> int:
        with django_assert_max_num_queries(20) as counted:
            data(DOCUMENT, actor=actors.viewer)
        return len(counted)

    worth(tenant.company, "3")
    few = statements()
    for number in range(3):
        pipeline = PipelineFactory(company=tenant.company, name=f"Further {number}")
        for currency in ("EUR", "USD"):
            worth(
                tenant.company, "3", currency, stage=StageFactory(company=tenant.company, pipeline=pipeline)
            )
    assert statements() == few
