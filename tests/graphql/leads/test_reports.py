"""leadReport: each report against plain SQL, for every kind of visibility."""

from collections import Counter
from datetime import date, timedelta
from statistics import median
from typing import Any

import pytest

from leads.models import Lead, LeadStatus
from pipelines.models import Pipeline, Stage
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory
from tests.graphql.leads.filled_companies import filled, made_filled
from tests.graphql.leads.reports_world import (
    add_leads,
    bounds,
    fill,
    moment,
    money,
    periods,
    seen,
    select,
    viewers,
)

__all__ = ["filled", "made_filled"]

pytestmark = pytest.mark.django_db
#: Of the leads of the two companies.
SEEDS = (3, 4)

OUTCOME = "won lost amounts { currency won lost }"
DOCUMENT = f"""query($from: Date!, $to: Date!, $in: ID!, $pipeline: ID, $owner: ID) {{ leadReport {{
  funnel(from: $from, to: $to, pipeline_id: $in, owner_id: $owner) {{
    stage {{ id name }} entered left_forward won lost median_days }}
  by_owner(from: $from, to: $to, pipeline_id: $pipeline, owner_id: $owner) {{ owner {{ id }} {OUTCOME} }}
  by_source(from: $from, to: $to, pipeline_id: $pipeline, owner_id: $owner) {{ source {{ id }} {OUTCOME} }}
  by_type(from: $from, to: $to, pipeline_id: $pipeline, owner_id: $owner) {{ type {{ id }} {OUTCOME} }}
  by_reason(from: $from, to: $to, pipeline_id: $pipeline, owner_id: $owner) {{
    reason {{ id }} lost amounts {{ currency amount }} }}
  new_leads(from: $from, to: $to, pipeline_id: $pipeline, owner_id: $owner) {{ day lead_count }}
  cycle_time(from: $from, to: $to, pipeline_id: $pipeline, owner_id: $owner) {{
    from to won median_days }} }} }}"""
LEAD = "FROM leads_lead l JOIN leads_leadstatus s ON s.id = l.status_id"
RANGES = [
    (date(2026, 1, 1), date(2026, 12, 31)),
    (date(2026, 3, 29), date(2026, 10, 25)),
    (date(2027, 12, 31), date(2028, 2, 29)),
    (date(2026, 3, 29), date(2026, 3, 29)),
]


def ask_report(actor: Any, first: Any, last: Any, **variables: Any) -> Any:
    given = {"from": str(first), "to": str(last), **variables}
    return data(DOCUMENT, actor=actor, variables=given)["leadReport"]


def days(rows: list[tuple[Any, Any]]) -> float | None:
    """Return the median of the times between two moments, in days."""
    seconds = [(moment(end) - moment(start)).total_seconds() for start, end in rows]
    return round(median(seconds) / 86_400, 2) if seconds else None


def expected_outcomes(where: str, ended: tuple[Any, ...], name: str, column: str) -> list[dict[str, Any]]:
    rows = select(
        f"SELECT l.{column}, category, currency, amount {LEAD} WHERE {where}"
        " AND category IN ('WON', 'LOST') AND closed_at >= %s AND closed_at < %s",
        *ended,
    )
    if name == "reason":
        rows = [row for row in rows if row[1] == "LOST"]
    found = []
    for key in {row[0] for row in rows}:
        mine = [row[1:] for row in rows if row[0] == key]
        counts = Counter(category for category, _, _ in mine)
        amounts = [
            {"currency": currency, "won": of_currency("WON"), "lost": of_currency("LOST")}
            for currency in sorted({currency for _, currency, amount in mine if amount is not None})
            for of_currency in [
                lambda kind, currency=currency: money(
                    amount
                    for category, each, amount in mine  # noqa: B023 - called at once
                    if (category, each) == (kind, currency) and amount is not None
                )
            ]
        ]
        row = {
            name: key and {"id": str(key)},
            "won": counts["WON"],
            "lost": counts["LOST"],
            "amounts": amounts,
        }
        if name == "reason":
            del row["won"]
            row["amounts"] = [{"currency": each["currency"], "amount": each["lost"]} for each in amounts]
        found.append((-len(mine), key or 0, row))
    return [row for *_, row in sorted(found, key=lambda each: each[:2])]


def expected_funnel(where: str, entered: tuple[Any, ...], stages: list[Stage]) -> list[dict[str, Any]]:
    found = []
    for at, stage in enumerate(stages):
        rows = select(
            "SELECT v.id, v.lead_id, v.entered_at, v.left_at,"
            " CASE WHEN closed_at IS NULL THEN '' ELSE category END FROM leads_stagevisit v"
            f" JOIN leads_lead l ON l.id = v.lead_id JOIN leads_leadstatus s ON s.id = l.status_id"
            f" WHERE {where} AND v.stage_id = %s AND v.entered_at >= %s AND v.entered_at < %s",
            stage.pk,
            *entered,
        )
        later = [each.pk for each in stages[at + 1 :]]
        forward = 0
        for key, lead, _, left_at, _ in rows:
            following = select(
                "SELECT stage_id FROM leads_stagevisit WHERE lead_id = %s AND id > %s ORDER BY id", lead, key
            )
            forward += left_at is not None and following[0][0] in later
        found.append(
            {
                "stage": {"id": str(stage.pk), "name": stage.name},
                "entered": len(rows),
                "left_forward": forward,
                "won": sum(left is None and category == "WON" for _, _, _, left, category in rows),
                "lost": sum(left is None and category == "LOST" for _, _, _, left, category in rows),
                "median_days": days([(start, end) for _, _, start, end, _ in rows if end is not None]),
            }
        )
    return found


@pytest.mark.parametrize(("first", "last"), RANGES)
def test_each_report_is_that_of_plain_sql(filled, first, last):
    pipeline, agent = Pipeline.objects.get(company=filled.company, name="Renewals"), filled.users["agent"]
    stages = list(Stage.objects.filter(pipeline=pipeline).order_by("weight", "pk"))
    cases = [
        (actor, pipeline_scope, owner_scope)
        for actor in viewers(filled).values()
        for pipeline_scope, owner_scope in ((False, False), (True, False), (False, True))
    ]
    moments = bounds(first, last)
    found = set()
    for actor, of_pipeline, of_owner in cases:
        owned = f"{seen(actor)} AND l.owner_id = {agent.pk}" if of_owner else seen(actor)
        where = f"{owned} AND l.pipeline_id = {pipeline.pk}" if of_pipeline else owned
        keys = {"pipeline": pipeline.pk} if of_pipeline else {}
        keys |= {"owner": agent.pk} if of_owner else {}

        report = ask_report(actor, first, last, **{"in": pipeline.pk}, **keys)

        assert report["funnel"] == expected_funnel(owned, moments, stages)
        for name, column in (
            ("owner", "owner_id"),
            ("source", "source_id"),
            ("type", "type_id"),
            ("reason", "lost_reason_id"),
        ):
            assert report[f"by_{name}"] == expected_outcomes(where, moments, name, column)
        created = "FROM leads_lead l WHERE {} AND created_at >= %s AND created_at < %s"
        assert report["new_leads"] == [
            {
                "day": str(day),
                "lead_count": select(f"SELECT count(*) {created.format(where)}", *bounds(day, day))[0][0],
            }
            for number in range((last - first).days + 1)
            for day in [first + timedelta(days=number)]
        ]
        won = f"SELECT l.created_at, closed_at {LEAD} WHERE {where} AND category = 'WON'"
        assert report["cycle_time"] == [
            {"from": str(start), "to": str(end), "won": len(rows), "median_days": days(rows)}
            for start, end in periods(first, last, "MONTH")
            for rows in [select(f"{won} AND closed_at >= %s AND closed_at < %s", *bounds(start, end))]
        ]
        found.add(str(report))
    # The kinds of visibility differ; whoever sees nothing has one answer.
    assert len(found) >= 6


@pytest.mark.parametrize(
    ("report", "first", "last", "message"),
    [
        ("new_leads", "2026-01-01", "2027-01-03", "2026-01-01 to 2027-01-03 has more than 367 days."),
        ("cycle_time", "2026-01-01", "2036-01-01", "2026-01-01 to 2036-01-01 has more than 120 months."),
        ("by_owner", "2026-01-02", "2026-01-01", "to is 2026-01-01, before from, which is 2026-01-02."),
    ],
)
def test_days_that_make_no_report_are_refused(actors, report, first, last, message):
    document = f'{{ leadReport {{ {report}(from: "{first}", to: "{last}") {{ __typename }} }} }}'

    error = refusal(document, actor=actors.viewer)

    assert (error["message"], error["path"]) == (message, ["leadReport", report])
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "to"}


def test_foreign_pipelines_and_owners_do_not_exist(tenant, actors, other_tenant):
    foreign = {
        "pipeline_id": Pipeline.objects.filter(company=other_tenant.company)[0].pk,
        "owner_id": other_tenant.users["agent"].pk,
    }
    own = Pipeline.objects.filter(company=tenant.company)[0].pk
    reports = ("by_owner", "by_source", "by_type", "by_reason", "new_leads", "cycle_time", "funnel")
    tried = 0
    for report in reports:
        for name, key in foreign.items():
            keys = {"pipeline_id": own} if report == "funnel" else {}
            given = ", ".join(f"{each}: {value}" for each, value in {**keys, name: key}.items())
            arguments = f'from: "2026-01-01", to: "2026-01-31", {given}'
            document = f"{{ leadReport {{ {report}({arguments}) {{ __typename }} }} }}"

            assert refusal(document, actor=actors.viewer)["extensions"] == {
                "code": "NOT_FOUND",
                "argument": name,
            }
            tried += 1
    assert tried == 14


def test_a_stage_that_was_deleted_is_still_one_that_leads_went_on_to(tenant, actors):
    pipeline = Pipeline.objects.get(company=tenant.company)
    first, second, third, _ = Stage.objects.filter(pipeline=pipeline).order_by("weight", "pk")
    lead = LeadFactory(company=tenant.company, stage=first)
    for start, end, following in ((1, 3, second), (3, 4, first), (4, None, None)):
        lead.stage_visits.create(
            company=tenant.company,
            stage=first if start != 3 else second,
            stage_name="",
            pipeline_name="",
            entered_at=f"2026-05-0{start}T00:00:00Z",
            left_at=end and f"2026-05-0{end}T00:00:00Z",
            next_stage=following,
            door="graphql",
        )
    Stage.objects.filter(pk=second.pk).update(deleted_at="2026-05-05T00:00:00Z")

    found = ask_report(actors.viewer, "2026-05-01", "2026-05-31", **{"in": pipeline.pk})["funnel"]

    assert [
        (each["stage"]["id"], each["entered"], each["left_forward"], each["median_days"]) for each in found
    ][:2] == [(str(first.pk), 2, 1, 2.0), (str(third.pk), 0, 0, None)]


def test_first_cuts_the_list_and_says_nothing(tenant, actors):
    won = LeadStatus.objects.get(company=tenant.company, name="Won")
    for name in ("agent", "colleague"):
        lead = LeadFactory(company=tenant.company, owner=tenant.users[name])
        Lead.objects.filter(pk=lead.pk).update(closed_at="2026-05-05T00:00:00Z", status=won)
    report = (
        '{ leadReport { by_owner(from: "2026-05-01", to: "2026-05-31", first: %s) { owner { id } won } } }'
    )

    one = data(report % 1, actor=actors.viewer)["leadReport"]["by_owner"]

    assert one == [{"owner": {"id": str(tenant.users["agent"].pk)}, "won": 1}]
    assert refusal(report % 101, actor=actors.viewer)["extensions"]["code"] == "BAD_USER_INPUT"


def test_statements_do_not_grow_with_the_leads(tenant, actors, django_assert_max_num_queries):
    pipeline = Pipeline.objects.get(company=tenant.company)

    def statements() -> int:
        with django_assert_max_num_queries(60) as counted:
            ask_report(actors.viewer, "2026-01-01", "2026-12-31", **{"in": pipeline.pk})
        return len(counted)

    fill(tenant, seed=5)
    few = statements()
    add_leads(tenant, seed=6)
    add_leads(tenant, seed=7)
    assert statements() == few
