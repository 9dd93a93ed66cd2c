"""Filters on custom fields: ``custom_field`` in ``where``, and ``hasCustomFields``."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models.custom_fields import is_storable
from leads.models import Lead
from tests.clients import data, refusal
from tests.each_case import each_case
from tests.factories.crm import CustomFieldDefinitionFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.graphql.lists.asking import listed, refused, where
from tests.graphql.lists.test_has import having

pytestmark = pytest.mark.django_db

#: The value of each lead by its title; the lead "none" has none.
VALUES: dict[str, Any] = {
    "zero": 0,
    "small": 9,
    "thousand": 1000,
    "float": 1000.5,
    "text number": "1000",
    "text": "Ärzte",
    "other text": "Banana",
    "day": "2026-01-31",
    "later": "2026-02-01",
    "true": True,
    "false": False,
    "list": [1000],
    "object": {"field": 1000},
    "null": None,
}
GIVEN = set(VALUES) - {"null"}
MISSING = {"none", "null"}

UNTYPED = [
    ("EQ", 1000, {"thousand"}),
    ("EQ", 1000.0, {"thousand"}),
    ("EQ", "1000", {"text number"}),
    ("EQ", " Ärzte ", {"text"}),
    ("EQ", "ärzte", set()),
    ("EQ", True, {"true"}),
    ("EQ", 1, set()),
    ("EQ", 0, {"zero"}),
    ("EQ", False, {"false"}),
    ("EQ", None, MISSING),
    ("NEQ", 1000, GIVEN - {"thousand"}),
    ("NEQ", None, GIVEN),
    ("GT", 9, {"thousand", "float"}),
    ("GTE", 9, {"small", "thousand", "float"}),
    ("LT", 1000, {"zero", "small"}),
    ("LTE", 1000, {"zero", "small", "thousand"}),
    ("GT", -1.5, {"zero", "small", "thousand", "float"}),
    ("GT", "2026-01-31", {"later", "text", "other text"}),
    ("LT", "Banana", {"text number", "day", "later"}),
    ("LIKE", "ä%", {"text"}),
    ("LIKE", "%an_na", {"other text"}),
    ("LIKE", "1000", {"text number"}),
    ("NOT_LIKE", "%a%", GIVEN - {"other text"}),
    ("IN", [1000, "Banana", True], {"thousand", "other text", "true"}),
    ("IN", [], set()),
    ("NOT_IN", [1000, "Banana", True], GIVEN - {"thousand", "other text", "true"}),
    ("NOT_IN", [], GIVEN),
    ("BETWEEN", [9, 1000], {"small", "thousand"}),
    ("BETWEEN", ["2026-01-01", "2026-01-31"], {"day"}),
    ("NOT_BETWEEN", [9, 1000], GIVEN - {"small", "thousand"}),
    ("IS_NULL", None, MISSING),
    ("IS_NOT_NULL", None, GIVEN),
    ("LT", 10**30, {"zero", "small", "thousand", "float"}),
    ("GT", -(10**30), {"zero", "small", "thousand", "float"}),
]
NUMBER = [
    ("EQ", "1000", {"thousand"}),
    ("GT", "9", {"thousand", "float"}),
    ("BETWEEN", [9, "1000"], {"small", "thousand"}),
    ("IN", ["9", 0], {"zero", "small"}),
    ("NEQ", 9, GIVEN - {"small"}),
    ("IS_NULL", None, MISSING),
]
DATE = [
    ("EQ", "2026-01-31", {"day"}),
    ("BETWEEN", ["2026-01-31", "2026-02-28"], {"day", "later"}),
    ("LT", "2026-02-01", {"text number", "day"}),
]
BOOLEAN = [("EQ", "true", {"true"}), ("EQ", 0, {"false"}), ("IN", [True, "no"], {"true", "false"})]
TEXT = [("EQ", 1000, {"text number"}), ("LIKE", "BAN%", {"other text"}), ("GT", "B", {"text", "other text"})]
CHOICE = [("EQ", "BANANA", {"other text"}), ("IN", ["banana", "Ärzte"], {"text", "other text"})]


def on(name: str, operator: str | None = None, *value: Any) -> dict[str, Any]:
    """Return a condition on one custom field."""
    condition = where(name, operator, *value)
    return {"custom_field": condition.pop("column"), **condition}


def named(name: str, operator: str | None = None, *value: Any) -> dict[str, Any]:
    """Return a condition of ``hasCustomFields`` on a name and a value."""
    return {**where("NAME", "EQ", name), "AND": [where("VALUE", operator, *value)]}


@pytest.fixture
def leads(company, other_company):
    for title, value in VALUES.items():
        LeadFactory(company=company, title=title, custom_fields={"field": value, "noise": 1000})
    LeadFactory(company=company, title="none", custom_fields={"Field": 1000, "noise": "Banana"})
    LeadFactory(company=other_company, title="foreign", custom_fields={"field": 1000})


def define(company: Any, kind: str) -> None:
    CustomFieldDefinitionFactory(company=company, name="field", kind=kind, choices=["Banana", "Ärzte"])


def mistakes(actor: Any, cases: list[tuple[str, Any, set[str]]]) -> list[Any]:
    """Return the cases that find wrong leads with either kind of filter."""
    wrong = []
    for operator, value, found in cases:
        answer = set(listed("leads", "title", actor=actor, where=on("field", operator, value)))
        if answer != found:
            wrong.append(("where", operator, value, answer))
        if operator == "IS_NULL" or value is None:
            continue
        answer = set(having("leads", "hasCustomFields", named("field", operator, value), actor=actor))
        if answer != found:
            wrong.append(("has", operator, value, answer))
    return wrong


def test_without_a_definition_the_type_of_the_operand_counts(leads, actors):
    assert mistakes(actors.viewer, UNTYPED) == []


@each_case(
    ("kind", "cases"),
    [
        ("NUMBER", NUMBER),
        ("DATE", DATE),
        ("BOOLEAN", BOOLEAN),
        ("TEXT", TEXT),
        ("URL", TEXT),
        ("CHOICE", CHOICE),
    ],
)
def test_with_a_definition_values_are_read_by_its_kind(leads, company, actors, kind, cases):
    Lead.objects.filter(title="none").update(custom_fields={})
    define(company, kind)

    assert mistakes(actors.viewer, cases) == []


@each_case(
    ("kind", "operator", "value", "reason"),
    [
        ("NUMBER", "EQ", "many", "Expected a number."),
        ("NUMBER", "GT", True, "Expected a number."),
        ("NUMBER", "BETWEEN", [1], "Expected a list of two values."),
        ("NUMBER", "LIKE", "1%", None),
        ("DATE", "EQ", "31.01.2026", "Expected a date such as 2026-01-31."),
        ("DATE", "LIKE", "2026%", None),
        ("BOOLEAN", "EQ", "perhaps", "Expected true or false."),
        ("BOOLEAN", "GT", False, None),
        ("CHOICE", "EQ", "Cherry", "Expected one of Banana, Ärzte."),
        ("TEXT", "EQ", ["a"], "Expected text, a finite number, true or false."),
        (None, "EQ", {"a": 1}, "Expected text, a finite number, true or false."),
        (None, "EQ", [1], "Expected text, a finite number, true or false."),
        (None, "GT", True, "True and false have no order."),
        (None, "BETWEEN", [1, "a"], "Expected two values of one type."),
        (None, "LIKE", 1, "Expected text."),
        (None, "EQ", 10**400, "Expected a finite number."),
    ],
)
def test_values_that_do_not_fit(leads, company, actors, kind, operator, value, reason):
    if kind is not None:
        define(company, kind)
    message = f"The operator {operator} does not fit the column CUSTOM_FIELD FIELD."
    if reason is not None:
        message = "The value does not fit the column CUSTOM_FIELD FIELD."

    assert refused("leads", actor=actors.viewer, where=on("field", operator, value)) == (
        message,
        {"code": "BAD_USER_INPUT"} | ({"reason": reason} if reason else {}),
    )


@each_case(
    ("condition", "message"),
    [
        ({**on("field", "EQ", 1), "column": "TITLE"}, "Use column or custom_field, not both."),
        (on(" ", "EQ", 1), "The name of a custom field has 1 to 100 characters."),
        (on("x" * 101, "EQ", 1), "The name of a custom field has 1 to 100 characters."),
        (
            on("field", "EQ"),
            "Did not receive a value to match the WhereConditions for column CUSTOM_FIELD field.",
        ),
        (
            {"AND": [on("field", "EQ", 1)] * 21},
            "A list can be filtered by at most 20 relations and custom fields.",
        ),
    ],
)
def test_conditions_that_are_refused(actors, condition, message):
    assert refused("leads", actor=actors.viewer, where=condition) == (message, {"code": "BAD_USER_INPUT"})


def test_an_infinite_number_is_refused(actors):
    for value in ("1e999", "-1e999"):
        document = (
            f'{{ leads(where: {{custom_field: "field", operator: GT, value: {value}}}) {{ data {{ id }} }} }}'
        )

        assert refusal(document, actor=actors.viewer)["extensions"]["code"] == "BAD_USER_INPUT"


def test_conditions_compose(leads, actors):
    def found(condition: Any) -> set[str]:
        return set(listed("leads", "title", actor=actors.viewer, where=condition))

    above, below = on("field", "GTE", 1000), on("field", "LT", 9)
    assert found({"OR": [above, below]}) == {"thousand", "float", "zero"}
    assert found({"AND": [above, on("noise", "EQ", 1000)]}) == {"thousand", "float"}
    assert found({"AND": [above, where("TITLE", "EQ", "float")]}) == {"float"}
    assert found({**above, "OR": [on("field", "EQ", 1000), where("TITLE", "EQ", "zero")]}) == {"thousand"}


def test_definitions_of_another_company_do_not_count(leads, other_company, actors):
    define(other_company, "NUMBER")

    assert listed("leads", "title", actor=actors.viewer, where=on("field", "EQ", "1000")) == ["text number"]


def test_a_defined_name_is_known_in_any_case(company, actors):
    LeadFactory(company=company, title="own", custom_fields={"Größe": 5})
    CustomFieldDefinitionFactory(company=company, name="Größe", kind="NUMBER")

    assert listed("leads", "title", actor=actors.viewer, where=on("GRÖSSE", "EQ", "5")) == ["own"]


@pytest.mark.parametrize(
    "name", ['say "x"', "back\\slash", "2026", "$.path", "über", "it's", "a%b", "a.b", "[0]", "%s", "{}"]
)
def test_names_of_any_characters(company, actors, name):
    LeadFactory(company=company, title="own", custom_fields={name: 7, "x": {name: 8}})
    LeadFactory(company=company, title="other", custom_fields={name + "x": 7})

    for operator, value in (("EQ", 7), ("GT", 6), ("IN", [7]), ("IS_NOT_NULL", None)):
        condition = on(name, operator, value)
        assert listed("leads", "title", actor=actors.viewer, where=condition) == ["own"], operator
        assert having("leads", "hasCustomFields", named(name, operator, value), actor=actors.viewer) == [
            "own"
        ]


@pytest.mark.parametrize(
    "text", ['a "quoted" text', "back\\slash", "ünïcode \U0001f600", "%s", "it's", "null", "{}"]
)
def test_texts_of_any_characters(company, actors, text):
    LeadFactory(company=company, title="own", custom_fields={"field": text})
    LeadFactory(company=company, title="other", custom_fields={"field": "other"})

    for operator in ("EQ", "LIKE") if "\\" not in text and "%" not in text else ("EQ",):
        condition = on("field", operator, text)
        assert listed("leads", "title", actor=actors.viewer, where=condition) == ["own"], operator


def test_people_and_organizations_have_the_same_filters(company, actors):
    for number in (1, 2):
        PersonFactory(company=company, firstname=f"P{number}", custom_fields={"size": number})
        OrganizationFactory(company=company, name=f"O{number}", custom_fields={"size": number})

    assert listed("peoples", "firstname", actor=actors.viewer, where=on("size", "GT", 1)) == ["P2"]
    assert listed("organizations", "name", actor=actors.viewer, where=on("size", "EQ", 1)) == ["O1"]


def test_names_and_values_of_one_field_belong_together(company, actors):
    LeadFactory(company=company, title="own", custom_fields={"a": 1, "b": 2})

    def found(condition: Any) -> list[str]:
        return having("leads", "hasCustomFields", condition, actor=actors.viewer)

    assert found(named("a", "EQ", 1)) == ["own"]
    assert found(named("a", "EQ", 2)) == []
    assert found({"OR": [named("a", "EQ", 2), named("b", "GT", 1)]}) == ["own"]
    assert found(where("NAME", "LIKE", "A")) == ["own"]
    assert found({**where("NAME", "NEQ", "a"), "AND": [where("VALUE", "EQ", 1)]}) == []
    assert found(where("VALUE", "IS_NULL")) == []
    assert found(where("NAME", "IS_NULL")) == []


def test_half_a_surrogate_pair_is_refused(company, actors):
    LeadFactory(company=company, custom_fields={"field": 1})
    half = "\ud800"
    assert not is_storable(half)

    for condition in (on("field", "EQ", half), on(half, "EQ", 1)):
        assert refused("leads", actor=actors.viewer, where=condition)[1]["code"] == "VALIDATION"


def test_statements_do_not_grow_with_rows_or_conditions(company, actors):
    CustomFieldDefinitionFactory(company=company, name="field", kind="NUMBER")
    two = {"AND": [on("field", "GT", 1), on("other", "EQ", 1), {"HAS": {"relation": "custom_fields"}}]}
    document = (
        "query($where: QueryLeadsWhereWhereConditions) { leads(where: $where, hasCustomFields:"
        ' {column: NAME, value: "field"}) { data { id custom_fields { name value } } } }'
    )

    def statements() -> int:
        LeadFactory(company=company, custom_fields={"field": 2, "other": 1})
        with CaptureQueriesContext(connection) as queries:
            rows = data(document, actor=actors.viewer, variables={"where": two})["leads"]["data"]
        assert len(rows) == Lead.objects.count()
        return len(queries)

    assert [statements() for _ in range(3)] == [2, 2, 2]


@pytest.mark.postgres
def test_equality_uses_the_index(company, actors):
    like = LeadFactory(company=company, custom_fields={"field": -1})
    rows = []
    for number in range(3000):
        lead = Lead(
            **{
                f.attname: getattr(like, f.attname)
                for f in Lead._meta.concrete_fields
                if f.name not in ("id", "uuid")
            }
        )
        lead.custom_fields = {"field": number, "word": f"w{number}"}
        rows.append(lead)
    Lead.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads_lead")

    for condition in (on("field", "EQ", 77), on("word", "EQ", "w77")):
        with CaptureQueriesContext(connection) as queries:
            assert len(listed("leads", "id", actor=actors.viewer, where=condition)) == 1
        (statement,) = [query["sql"] for query in queries if "@>" in query["sql"]]
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + statement.replace("%", "%%"))
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "leads_lead_custom_fields" in plan, plan
