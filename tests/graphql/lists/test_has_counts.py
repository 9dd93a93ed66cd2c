"""``HAS`` in ``where``: filters on the number of related rows."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.authentication import actor_for
from crm.graphql.lists.where import MOST_RELATIONS
from crm.models.companies import LeadVisibility
from leads.models import Lead
from tests.each_case import each_case
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.factories.pipelines import PipelineFactory, StageFactory
from tests.graphql.lists.asking import listed, refused, where

pytestmark = pytest.mark.django_db


def has(relation: str, operator: str | None = None, amount: int | None = None, condition: Any = None) -> Any:
    """Return a condition on the number of related rows; None leaves a key out."""
    keys = {"relation": relation, "operator": operator, "amount": amount, "condition": condition}
    return {"HAS": {name: value for name, value in keys.items() if value is not None}}


@pytest.fixture
def people(tenant, other_tenant):
    """Create people without a lead, with one, and with two and a deleted one; the same in another company."""
    for made in (tenant, other_tenant):
        people = [PersonFactory(company=made.company, firstname=name) for name in ("Nobody", "Anna", "Bert")]
        for number, person in enumerate(people):
            for index in range(number):
                LeadFactory(company=made.company, person=person, title=f"Deal {index}")
        LeadFactory(company=made.company, person=people[-1], title="Gone", deleted_at=timezone.now())


@each_case(
    ("operator", "amount", "found"),
    [
        (None, None, ["Anna", "Bert"]),
        ("GTE", 2, ["Bert"]),
        ("GTE", 0, ["Nobody", "Anna", "Bert"]),
        ("GT", 0, ["Anna", "Bert"]),
        ("GT", 1, ["Bert"]),
        ("EQ", 0, ["Nobody"]),
        ("EQ", 1, ["Anna"]),
        ("EQ", 2, ["Bert"]),
        ("EQ", 3, []),
        ("NEQ", 1, ["Nobody", "Bert"]),
        ("LT", 1, ["Nobody"]),
        ("LT", 2, ["Nobody", "Anna"]),
        ("LTE", 1, ["Nobody", "Anna"]),
        ("LT", 0, []),
        ("GT", -1, ["Nobody", "Anna", "Bert"]),
    ],
)
def test_amounts(people, actors, operator, amount, found):
    condition = has("leads", operator, amount)

    assert listed("peoples", "firstname", actor=actors.viewer, where=condition) == found


@each_case(
    ("condition", "found"),
    [
        (has("leads", condition=where("title", "EQ", "Deal 1")), ["Bert"]),
        (has("leads", condition=where("TITLE", "EQ", "Deal 1")), ["Bert"]),
        (has("leads", "EQ", 1, where("name", "LIKE", "deal%")), ["Anna"]),
        (has("leads", "EQ", 0, where("name", "EQ", "Deal 1")), ["Nobody", "Anna"]),
        (
            has("leads", "EQ", 2, {"OR": [where("name", "EQ", "Deal 0"), where("name", "EQ", "Deal 1")]}),
            ["Bert"],
        ),
        ({**has("leads"), **where("FIRSTNAME", "EQ", "Anna")}, ["Anna"]),
        ({"OR": [has("leads", "EQ", 0), has("leads", "EQ", 2)]}, ["Nobody", "Bert"]),
        ({"AND": [has("leads", "GTE", 1), has("leads", "LT", 2)]}, ["Anna"]),
        ({"HAS": None}, ["Nobody", "Anna", "Bert"]),
        (has("leads", condition={}), ["Anna", "Bert"]),
    ],
)
def test_conditions(people, actors, condition, found):
    assert listed("peoples", "firstname", actor=actors.viewer, where=condition) == found


def test_leads_hidden_from_the_actor_are_not_counted(tenant, company, actors):
    company.lead_visibility = LeadVisibility.OWN
    company.save()
    person = PersonFactory(company=company, firstname="Anna")
    LeadFactory(company=company, person=person, owner=tenant.users["agent"])
    LeadFactory(company=company, person=person, owner=tenant.users["colleague"])
    agent = actor_for(tenant.users["agent"], company, door=actors.agent.door)

    assert listed("peoples", "firstname", actor=agent, where=has("leads", "EQ", 1)) == ["Anna"]
    assert listed("peoples", "firstname", actor=agent, where=has("leads", "GTE", 2)) == []
    assert listed("peoples", "firstname", actor=actors.manager, where=has("leads", "EQ", 2)) == ["Anna"]


def test_many_to_many_relations(tenant, actors):
    company = tenant.company
    tags = [TagFactory(company=company) for _ in range(2)]
    organization = OrganizationFactory(company=company, name="Acme")
    people = [PersonFactory(company=company) for _ in range(3)]
    organization.people.add(*people)
    organization.tags.add(*tags)
    lead: Lead = LeadFactory(company=company, title="Deal")
    lead.participants.add(tenant.users["agent"], tenant.users["colleague"])

    def found(field: str, name: str, condition: Any) -> list[Any]:
        return listed(field, name, actor=actors.viewer, where=condition)

    assert found("organizations", "name", has("peoples", "EQ", 3)) == ["Acme"]
    assert found("organizations", "name", has("tags", "EQ", 2)) == ["Acme"]
    assert found("organizations", "name", has("tags", "EQ", 1)) == []
    assert found("leads", "title", has("participants", "EQ", 2)) == ["Deal"]
    assert found("leads", "title", has("participants", "GT", 2)) == []
    assert len(found("peoples", "id", has("organization", "EQ", 1))) == 3
    assert len(found("peoples", "id", has("organizations", "EQ", 1))) == 3


def test_relations_of_pipelines_and_custom_fields(tenant, actors):
    pipeline = PipelineFactory(company=tenant.company, name="Two")
    for _ in range(2):
        StageFactory(company=tenant.company, pipeline=pipeline)
    PersonFactory(company=tenant.company, firstname="Three", custom_fields={"a": 1, "b": "x", "c": True})
    PersonFactory(company=tenant.company, firstname="None")

    def found(condition: Any) -> list[Any]:
        return listed("peoples", "firstname", actor=actors.viewer, where=condition)

    assert listed("pipelines", "name", actor=actors.viewer, where=has("stages", "EQ", 2)) == ["Two"]
    assert found(has("custom_fields", "EQ", 3)) == ["Three"]
    assert found(has("custom_fields", "LT", 1)) == ["None"]
    assert found(has("custom_fields", "EQ", 2, where("name", "IN", ["a", "b", "d"]))) == ["Three"]
    assert found(has("custom_fields", "EQ", 0, where("name", "IN", []))) == ["Three", "None"]
    assert (
        found(has("custom_fields", condition={**where("name", "EQ", "a"), "AND": [where("value", "GT", 1)]}))
        == []
    )


@each_case(
    ("field", "condition", "message"),
    [
        ("peoples", has("company"), "The list has no such relation for HAS."),
        ("peoples", has("nonsense"), "The list has no such relation for HAS."),
        ("peoples", has("contacts__type"), "The list has no such relation for HAS."),
        ("pipelines", has("leads"), "The list has no such relation for HAS."),
        (
            "peoples",
            has("leads", condition=where("id__gt", "EQ", 1)),
            "The relation of HAS has no such column.",
        ),
        (
            "peoples",
            has("leads", condition=where("company_id", "EQ", 1)),
            "The relation of HAS has no such column.",
        ),
        (
            "peoples",
            has("leads", condition=where("nonsense", "EQ", 1)),
            "The relation of HAS has no such column.",
        ),
        ("peoples", has("leads", "LIKE"), "The operator LIKE cannot compare an amount."),
        ("peoples", has("leads", "IS_NULL"), "The operator IS_NULL cannot compare an amount."),
        ("peoples", has("leads", "IN"), "The operator IN cannot compare an amount."),
        ("peoples", has("leads", condition=where("id", "EQ", "x")), "The value does not fit the column ID."),
        (
            "peoples",
            {"AND": [has("tags")] * (MOST_RELATIONS + 1)},
            "A list can be filtered by at most 20 relations and custom fields.",
        ),
    ],
)
def test_refusals(tenant, actors, field, condition, message):
    assert refused(field, actor=actors.viewer, where=condition) == (
        message,
        {"code": "BAD_USER_INPUT"} | ({"reason": "Expected an id."} if "ID." in message else {}),
    )


def test_nesting_in_a_condition_of_has_counts_like_any_other(tenant, actors):
    deep: dict[str, Any] = where("slug", "EQ", "vip")
    for _ in range(8):
        deep = {"AND": [deep]}
    assert listed("peoples", "id", actor=actors.viewer, where=has("tags", condition=deep)) == []

    message, _extensions = refused(
        "peoples", actor=actors.viewer, where={"AND": [has("tags", condition=deep)]}
    )
    assert message == "Conditions may be nested at most 10 levels deep."


def test_statements_do_not_grow_with_the_rows(people, tenant, actors):
    condition = {"AND": [has("leads", "GTE", 0), has("custom_fields", "EQ", 0), has("tags", "LT", 5)]}

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            listed("peoples", "firstname", actor=actors.viewer, where=condition)
        return len(queries)

    few = statements()
    for _ in range(5):
        LeadFactory(company=tenant.company, person=PersonFactory(company=tenant.company))

    assert statements() == few == 1
