"""leadsForecast: amounts by period and currency, against plain SQL and by hand."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from leads.models import Lead, LeadStatus
from leads.services.closing import close_lead
from pipelines.models import Pipeline, Stage
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory
from tests.factories.pipelines import PipelineFactory
from tests.graphql.leads.filled_companies import filled, made_filled
from tests.graphql.leads.reports_world import bounds, exact, money, periods, seen, select, viewers

__all__ = ["filled", "made_filled"]

pytestmark = pytest.mark.django_db
#: Of the leads of the two companies.
SEEDS = (1, 2)

DOCUMENT = """query($from: Date!, $to: Date!, $by: LeadForecastLength! = MONTH, $pipeline: ID, $owner: ID) {
  leadsForecast(from: $from, to: $to, by: $by, pipeline_id: $pipeline, owner_id: $owner) {
    periods { from to sums { currency open weighted won } } undated { currency open weighted won } } }"""
LEAD = """FROM leads_lead l JOIN leads_leadstatus s ON s.id = l.status_id
  JOIN pipelines_stage st ON st.id = l.stage_id"""
RANGES = [
    ("MONTH", date(2026, 1, 1), date(2026, 12, 31)),
    ("MONTH", date(2026, 3, 29), date(2028, 2, 29)),
    ("WEEK", date(2026, 3, 23), date(2026, 4, 1)),
    ("WEEK", date(2028, 2, 28), date(2028, 3, 5)),
    ("WEEK", date(2026, 10, 25), date(2027, 1, 3)),
]


def ask_forecast(actor: Any, first: Any, last: Any, by: str = "MONTH", **keys: Any) -> Any:
    variables = {"from": str(first), "to": str(last), "by": by, **keys}
    return data(DOCUMENT, actor=actor, variables=variables)["leadsForecast"]


def sums(open_rows: list[Any], won_rows: list[Any]) -> list[dict[str, str]]:
    """Return the sums of rows of currency and amount, and of the open ones also the probability."""
    found = []
    for currency in sorted({row[0] for row in open_rows + won_rows}):
        mine = [row for row in open_rows if row[0] == currency]
        product = sum((exact(amount) * share for _, amount, share in mine), Decimal(0))
        found.append(
            {
                "currency": currency,
                "open": money(amount for _, amount, _ in mine),
                "weighted": str((product / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)),
                "won": money(amount for each, amount in won_rows if each == currency),
            }
        )
    return found


@pytest.mark.parametrize(("by", "first", "last"), RANGES)
def test_each_sum_is_that_of_plain_sql(filled, by, first, last):
    pipeline, agent = Pipeline.objects.get(company=filled.company, name="Renewals"), filled.users["agent"]
    cases = [
        (name, actor, scope, keys)
        for name, actor in viewers(filled).items()
        for scope, keys in (
            ("", {}),
            (f" AND l.pipeline_id = {pipeline.pk}", {"pipeline": pipeline.pk}),
            (f" AND l.owner_id = {agent.pk}", {"owner": agent.pk}),
        )
    ]
    found = set()
    for name, actor, scope, keys in cases:
        where = f"WHERE {seen(actor)}{scope} AND amount IS NOT NULL"
        opened = (
            f"SELECT currency, amount, coalesce(l.probability, st.probability) {LEAD} {where}"
            " AND category = 'OPEN' AND expected_close_on"
        )
        won = f"SELECT currency, amount {LEAD} {where} AND category = 'WON' AND closed_at"

        answer = ask_forecast(actor, first, last, by, **keys)

        assert answer["periods"] == [
            {
                "from": str(start),
                "to": str(end),
                "sums": sums(
                    select(f"{opened} BETWEEN %s AND %s", start, end),
                    select(f"{won} >= %s AND closed_at < %s", *bounds(start, end)),
                ),
            }
            for start, end in periods(first, last, by)
        ], name
        assert answer["undated"] == sums(select(f"{opened} IS NULL"), []), name
        found.add(str(answer))
    # The kinds of visibility differ; whoever sees nothing has one answer.
    assert len(found) >= 6


def worth(company: Any, amount: str, **values: Any) -> Lead:
    lead: Lead = LeadFactory(company=company)
    Lead.objects.filter(pk=lead.pk).update(amount=amount, currency="EUR", **values)
    return lead


def test_the_sum_is_rounded_and_not_each_amount(tenant, actors):
    Stage.objects.filter(company=tenant.company).update(probability=50)
    for _ in range(3):
        worth(tenant.company, "0.01", expected_close_on="2026-05-05")

    [period] = ask_forecast(actors.viewer, "2026-05-01", "2026-05-31")["periods"]

    # 0.015, half up; three amounts of half a cent, each rounded, would be 0.03.
    assert period["sums"] == [{"currency": "EUR", "open": "0.03", "weighted": "0.02", "won": "0.00"}]


def test_a_leads_own_probability_comes_before_its_stages(tenant, actors):
    Stage.objects.filter(company=tenant.company).update(probability=10)
    worth(tenant.company, "100", expected_close_on="2026-05-05", probability=0)
    worth(tenant.company, "10", expected_close_on="2026-05-05", probability=100)
    worth(tenant.company, "1", expected_close_on="2026-05-05")

    [period] = ask_forecast(actors.viewer, "2026-05-01", "2026-05-31")["periods"]

    assert period["sums"] == [{"currency": "EUR", "open": "111.00", "weighted": "10.10", "won": "0.00"}]


def test_won_counts_when_it_was_closed_and_lost_never(tenant, actors, time_machine):
    time_machine.move_to("2026-05-31T23:30:00Z", tick=False)
    tenant.company.timezone = "Europe/Berlin"
    tenant.company.save()
    for outcome in ("won", "lost", "close"):
        lead = worth(tenant.company, "7", expected_close_on="2026-08-01")
        close_lead(lead.pk, outcome, actor=actors.manager)

    may, june, *_, august = ask_forecast(actors.viewer, "2026-05-01", "2026-08-31")["periods"]

    # In Berlin it is June already.
    assert june["sums"] == [{"currency": "EUR", "open": "0.00", "weighted": "0.00", "won": "7.00"}]
    assert may["sums"] == august["sums"] == []


def test_days_are_those_of_utc_without_a_time_zone(tenant, actors):
    status = LeadStatus.objects.get(company=tenant.company, name="Won")
    for closed_at in ("2026-05-31T23:59:59Z", "2026-06-01T00:00:00Z"):
        worth(tenant.company, "1", status=status, closed_at=closed_at)

    periods = ask_forecast(actors.viewer, "2026-05-31", "2026-06-01")["periods"]

    assert [(each["from"], each["sums"][0]["won"]) for each in periods] == [
        ("2026-05-31", "1.00"),
        ("2026-06-01", "1.00"),
    ]


@pytest.mark.parametrize(
    ("first", "last", "by", "message"),
    [
        ("2026-05-02", "2026-05-01", "MONTH", "to is 2026-05-01, before from, which is 2026-05-02."),
        ("2026-01-01", "2036-01-01", "MONTH", "2026-01-01 to 2036-01-01 has more than 120 months."),
        ("2026-01-05", "2028-04-24", "WEEK", "2026-01-05 to 2028-04-24 has more than 120 weeks."),
        (
            "2026-01-01",
            "3000-01-01",
            "MONTH",
            "to takes a day from 1900-01-01 to 2999-12-31, got 3000-01-01.",
        ),
    ],
)
def test_days_that_make_no_forecast_are_refused(actors, first, last, by, message):
    error = refusal(DOCUMENT, actor=actors.viewer, variables={"from": first, "to": last, "by": by})

    assert error["message"] == message
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "to"}


def test_as_many_periods_as_are_allowed(actors):
    months = ask_forecast(actors.viewer, "2026-01-31", "2035-12-01")["periods"]
    weeks = ask_forecast(actors.viewer, "2026-01-11", "2028-04-17", "WEEK")["periods"]

    assert (len(months), months[0]["from"], months[-1]["to"]) == (120, "2026-01-31", "2035-12-01")
    assert (len(weeks), weeks[0]["to"], weeks[1]["from"]) == (120, "2026-01-11", "2026-01-12")


def test_foreign_pipelines_and_owners_do_not_exist(actors, other_tenant):
    variables = {"from": "2026-01-01", "to": "2026-01-31"}
    foreign = {
        "pipeline": PipelineFactory(company=other_tenant.company).pk,
        "owner": other_tenant.users["agent"].pk,
    }

    refusals = [
        refusal(DOCUMENT, actor=actors.viewer, variables={**variables, name: key})["extensions"]
        for name, key in foreign.items()
    ]

    assert refusals == [{"code": "NOT_FOUND", "argument": f"{name}_id"} for name in foreign]


def test_statements_do_not_grow_with_the_leads(tenant, actors, django_assert_max_num_queries):
    def statements() -> int:
        with django_assert_max_num_queries(10) as counted:
            ask_forecast(actors.viewer, "2026-01-01", "2026-12-31")
        return len(counted)

    worth(tenant.company, "1", expected_close_on="2026-05-05")
    few = statements()
    for month in range(1, 10):
        worth(tenant.company, "1", expected_close_on=date(2026, month, 1))
    assert statements() == few == 3
