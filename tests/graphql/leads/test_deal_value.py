"""Amount, currency, close date and probability of leads in the API: answers, filters, order and events."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.events.cursor import parse_cursor
from crm.events.sequencer import sequence
from crm.models import Company, Event
from leads.models import Lead, LeadStatus
from leads.services.closing import close_lead
from leads.services.leads import create_lead, update_lead
from pipelines.models import Stage
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory

pytestmark = pytest.mark.django_db

VALUE = "amount currency expected_close_on probability"
CREATE = f"mutation($input: LeadInput!) {{ createLead(input: $input) {{ id {VALUE} version }} }}"
UPDATE = f"""mutation($id: ID!, $input: LeadUpdateInput!) {{
  updateLead(id: $id, input: $input) {{ {VALUE} version }} }}"""
GIVEN = {"amount": "1234.5", "currency": "eur", "expected_close_on": "2026-12-31", "probability": 40}


def create(actor, **values):
    return data(CREATE, actor=actor, variables={"input": {"title": "Deal", **values}})["createLead"]


def update(actor, key, **values):
    return data(UPDATE, actor=actor, variables={"id": key, "input": values})["updateLead"]


def titles(actor, arguments: str) -> list[str]:
    answer = data(f"{{ leads({arguments}) {{ data {{ title }} }} }}", actor=actor)
    return [lead["title"] for lead in answer["leads"]["data"]]


def test_values_are_answered_as_they_are_stored(actors):
    answer = create(actors.agent, **GIVEN)

    read = data(f'{{ lead(id: "{answer["id"]}") {{ {VALUE} }} }}', actor=actors.viewer)["lead"]
    expected = {
        "amount": "1234.50",
        "currency": "EUR",
        "expected_close_on": "2026-12-31",
        "probability": 40,
    }
    assert answer == {"id": answer["id"], **expected, "version": 1}
    assert read == expected


@pytest.mark.parametrize("amount", ["50000", 50000, 50000.0])
def test_amount_is_text_or_number(actors, amount):
    assert create(actors.agent, amount=amount)["amount"] == "50000.00"


def test_absent_fields_stay_and_null_clears(actors):
    key = create(actors.agent, **GIVEN)["id"]

    same = update(actors.agent, key, amount="1234.50", currency="EUR", probability=40)
    cleared = update(actors.agent, key, amount=None, expected_close_on=None, probability=None)
    without_currency = update(actors.agent, key, amount="7", currency=None)

    assert same["version"] == 1
    assert cleared == {
        "amount": None,
        "currency": "EUR",
        "expected_close_on": None,
        "probability": 100,
        "version": 2,
    }
    # A lead with an amount has a currency.
    assert (without_currency["amount"], without_currency["currency"]) == ("7.00", "USD")


def test_amount_that_is_null_in_the_input_is_none(actors, company):
    Company.objects.filter(pk=company.pk).update(amount_custom_field="deal_value")

    custom_fields = [{"name": "deal_value", "data": "50000"}]

    assert create(actors.agent, custom_fields=custom_fields)["amount"] == "50000.00"
    assert create(actors.agent, custom_fields=custom_fields, amount=None)["amount"] is None
    # Only new leads: a change of the custom field leaves the amount alone.
    key = create(actors.agent)["id"]
    assert update(actors.agent, key, custom_fields=custom_fields)["amount"] is None


def test_probability_is_the_lead_s_own_else_the_stage_s_and_that_of_the_outcome(actors, company):
    Stage.objects.filter(company=company).update(probability=30)
    key = create(actors.agent)["id"]

    seen = [update(actors.agent, key, title="Deal")["probability"]]
    seen.append(update(actors.agent, key, probability=0)["probability"])
    for outcome in ("won", "lost", "closed"):
        close_lead(key, outcome, actor=actors.agent)
        seen.append(
            data(f'{{ lead(id: "{key}") {{ probability }} }}', actor=actors.agent)["lead"]["probability"]
        )
    opened = LeadStatus.objects.get(company=company, name="Open")
    seen.append(update(actors.agent, key, status_id=opened.pk)["probability"])

    assert seen == [30, 0, 100, 0, 0, 0]


def test_value_takes_no_statement_of_its_own(actors, company):
    for _ in range(2):
        LeadFactory(company=company)
    document = "query { leads { data { id title VALUE } } }"

    counts = []
    for selected in ("", VALUE):
        with CaptureQueriesContext(connection) as queries:
            data(document.replace("VALUE", selected), actor=actors.agent)
        counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.fixture
def leads(company) -> None:
    """Four leads that differ in every part of their value; the stage has a probability of 30."""
    Stage.objects.filter(company=company).update(probability=30)
    won = LeadStatus.objects.get(company=company, name="Won")
    for title, values in {
        "none": {},
        "small": {"amount": Decimal("9.99"), "currency": "EUR", "expected_close_on": date(2026, 1, 31)},
        "large": {"amount": Decimal("100.00"), "currency": "USD", "probability": 80},
        "won": {"amount": Decimal("10.00"), "currency": "EUR", "status": won, "probability": 5},
    }.items():
        LeadFactory(company=company, title=title, **values)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('column: AMOUNT, operator: GT, value: "9.99"', ["large", "won"]),
        ("column: AMOUNT, operator: LTE, value: 10", ["small", "won"]),
        ("column: AMOUNT, operator: BETWEEN, value: [9.99, 10.00]", ["small", "won"]),
        ("column: AMOUNT, operator: IN, value: [100, 7]", ["large"]),
        ("column: AMOUNT, operator: IS_NULL", ["none"]),
        ('column: CURRENCY, value: "eur"', ["small", "won"]),
        ('column: CURRENCY, operator: NOT_IN, value: ["EUR"]', ["large"]),
        ('column: EXPECTED_CLOSE_ON, operator: LT, value: "2026-02-01"', ["small"]),
        ("column: EXPECTED_CLOSE_ON, operator: IS_NOT_NULL", ["small"]),
        ("column: PROBABILITY, value: 30", ["none", "small"]),
        ("column: PROBABILITY, operator: GTE, value: 80", ["large", "won"]),
        ("column: PROBABILITY, operator: NEQ, value: 30", ["large", "won"]),
        ("column: PROBABILITY, operator: IN, value: [80, 100]", ["large", "won"]),
        ("column: PROBABILITY, operator: BETWEEN, value: [30, 80]", ["large", "none", "small"]),
        ("column: PROBABILITY, operator: IS_NULL", []),
    ],
)
def test_leads_are_filtered_by_their_value(leads, actors, condition, found):
    assert sorted(titles(actors.agent, f"where: {{ {condition} }}")) == found


@pytest.mark.parametrize(
    ("column", "ascending", "descending"),
    [
        ("AMOUNT", ["small", "won", "large", "none"], ["large", "won", "small", "none"]),
        ("CURRENCY", ["small", "won", "large", "none"], ["large", "small", "won", "none"]),
        ("EXPECTED_CLOSE_ON", ["small", "none", "large", "won"], ["small", "none", "large", "won"]),
        ("PROBABILITY", ["none", "small", "large", "won"], ["won", "large", "none", "small"]),
    ],
)
def test_leads_are_sorted_by_their_value(leads, actors, column, ascending, descending):
    for direction, expected in (("ASC", ascending), ("DESC", descending)):
        order = f"orderBy: [{{ column: {column}, order: {direction} }}]"
        assert titles(actors.agent, order) == expected
        # The same by pages after cursors, and by their numbers.
        walked, after = [], ""
        for _ in expected:
            page = data(
                f'{{ leads(first: 1, after: "{after}", {order}) {{ data {{ title probability }}'
                " paginatorInfo { endCursor } } }",
                actor=actors.agent,
            )["leads"]
            walked.append(page["data"][0]["title"])
            after = page["paginatorInfo"]["endCursor"]
        assert walked == expected
        assert titles(actors.agent, f"first: 2, page: 2, {order}") == expected[2:]


@pytest.mark.parametrize(
    "value", ['"abc"', '"1.234"', "1000000000000", "true", '"1e3"', "0.1000000000000000000001"]
)
def test_value_of_a_filter_must_fit_the_amount(actors, value):
    document = f"{{ leads(where: {{ column: AMOUNT, value: {value} }}) {{ data {{ id }} }} }}"

    error = refusal(document, actor=actors.agent)

    assert error["message"] == "The value does not fit the column AMOUNT."
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('column: AMOUNT, operator: GTE, value: "100"', ["Rich"]),
        ('column: CURRENCY, value: "EUR"', ["Poor"]),
        ('column: EXPECTED_CLOSE_ON, operator: GT, value: "2026-06-01"', ["Rich"]),
        ("column: PROBABILITY, operator: LT, value: 50", ["Poor"]),
    ],
)
def test_people_are_found_by_the_value_of_their_leads(company, actors, condition, found):
    Stage.objects.filter(company=company).update(probability=70)
    for name, amount, currency, month, probability in (
        ("Rich", 100, "USD", 12, None),
        ("Poor", 5, "EUR", 1, 10),
    ):
        LeadFactory(
            company=company,
            person=PersonFactory(company=company, firstname=name, lastname=None),
            amount=Decimal(amount),
            currency=currency,
            expected_close_on=date(2026, month, 1),
            probability=probability,
        )

    for argument in (
        f"hasLeads: {{ {condition} }}",
        f'where: {{ HAS: {{ relation: "leads", condition: {{ {quoted(condition)} }} }} }}',
    ):
        answer = data(f"{{ peoples({argument}) {{ data {{ firstname }} }} }}", actor=actors.agent)
        assert [person["firstname"] for person in answer["peoples"]["data"]] == found


def quoted(condition: str) -> str:
    """Return a condition of HAS, whose columns are texts."""
    column, rest = condition.removeprefix("column: ").split(",", 1)
    return f'column: "{column}",{rest}'


def test_change_is_in_the_history_the_timeline_and_the_events(actors, tenant):
    lead = create_lead({"title": "Deal", "amount": "5", "currency": "EUR"}, actor=actors.agent)
    sequence()
    now = data("{ leadEvents { cursor } }", actor=actors.agent)["leadEvents"]["cursor"]

    update_lead(
        lead.pk,
        {"amount": Decimal("7.5"), "currency": "CHF", "expected_close_on": "2026-12-31", "probability": 0},
        actor=actors.agent,
    )
    update_lead(lead.pk, {"amount": None, "probability": None}, actor=actors.agent)

    changes = [
        {
            "amount": ["5.00", "7.50"],
            "currency": ["EUR", "CHF"],
            "expected_close_on": [None, "2026-12-31"],
            "probability": [None, 0],
        },
        {"amount": ["7.50", None], "probability": [0, None]},
    ]
    assert [entry.changes for entry in lead.history.order_by("pk")[1:]] == changes
    entries = "data { kind changes { field old new } }"
    timeline = data(
        f'{{ timeline(entity_type: LEAD, entity_id: "{lead.pk}") {{ {entries} }} }}', actor=actors.agent
    )["timeline"]["data"]
    shown = [
        {change["field"]: [change["old"], change["new"]] for change in entry["changes"]}
        for entry in timeline
        if entry["kind"] == "UPDATED"
    ]
    assert shown == changes[::-1]
    sequence()
    found = data(
        f'{{ leadEvents(after: "{now}") {{ events {{ changes lead {{ {VALUE} }} }} }} }}', actor=actors.agent
    )["leadEvents"]["events"]
    assert [event["changes"] for event in found] == [
        {"amount": "5.00", "currency": "EUR", "expected_close_on": None, "probability": None},
        {"amount": "7.50", "probability": 0},
    ]
    assert found[0]["lead"]["amount"] is None
    assert Event.objects.filter(seq__gt=parse_cursor(now).seq).count() == 2


@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("lead_amount_not_negative", {"amount": Decimal("-0.01"), "currency": "EUR"}),
        ("lead_amount_has_currency", {"amount": Decimal(1), "currency": None}),
        ("lead_close_in_calendar", {"expected_close_on": date(1969, 12, 31)}),
        ("lead_close_in_calendar", {"expected_close_on": date(2200, 1, 1)}),
        ("lead_probability_in_percent", {"probability": 101}),
    ],
)
def test_the_database_holds_the_rules(company, constraint, values):
    lead = LeadFactory(company=company)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(**values)


def test_withdrawn_currency_stays_and_does_not_block_other_changes(company, actors):
    lead = LeadFactory(company=company, amount=Decimal(5), currency="HRK")

    answer = update(actors.agent, lead.pk, amount="6")

    assert (answer["amount"], answer["currency"]) == ("6.00", "HRK")
    error = refusal(UPDATE, actor=actors.agent, variables={"id": lead.pk, "input": {"currency": "BGN"}})
    assert error["extensions"]["validation"] == {
        "input.currency": ["Enter a currency code of ISO 4217, such as EUR."]
    }
