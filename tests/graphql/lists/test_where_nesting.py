"""Conditions combined by AND and OR, and conditions that are refused."""

from typing import Any

import pytest

from crm.graphql.lists.where import DEEPEST_NESTING
from tests.clients import refusal
from tests.factories.people import PersonFactory
from tests.graphql.lists.asking import document, listed, refused, where

pytestmark = pytest.mark.django_db

ANNA, BERT, CARL = (where("FIRSTNAME", "EQ", name) for name in ("Anna", "Bert", "Carl"))
ROE, DOE = (where("LASTNAME", "EQ", name) for name in ("Roe", "Doe"))
EVERYBODY = ["Anna", "Bert", "Carl"]


@pytest.fixture
def people(tenant):
    for first, last in (("Anna", "Roe"), ("Bert", "Roe"), ("Carl", "Doe")):
        PersonFactory(company=tenant.company, firstname=first, lastname=last)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (None, EVERYBODY),
        ({}, EVERYBODY),
        ({"AND": []}, EVERYBODY),
        ({"OR": []}, EVERYBODY),
        ({"AND": [{}]}, EVERYBODY),
        ({"OR": [ANNA, {}]}, EVERYBODY),
        ({"column": "FIRSTNAME", "value": "Anna"}, ["Anna"]),
        ({"OR": [ANNA, CARL]}, ["Anna", "Carl"]),
        ({"AND": [ROE, BERT]}, ["Bert"]),
        ({**ROE, "OR": [ANNA, CARL]}, ["Anna"]),
        ({**ROE, "AND": [BERT], "OR": [ANNA, CARL]}, []),
        ({"OR": [{"AND": [ROE, ANNA]}, {"AND": [DOE, BERT]}, CARL]}, ["Anna", "Carl"]),
        ({"AND": [{"OR": [ANNA, BERT]}, {"OR": [BERT, CARL]}]}, ["Bert"]),
        ({"AND": ANNA}, ["Anna"]),
    ],
)
def test_combinations(people, actors, condition, found):
    assert listed("peoples", "firstname", actor=actors.viewer, where=condition) == found


@pytest.mark.parametrize(
    ("condition", "message", "reason"),
    [
        (
            where("FIRSTNAME", "EQ"),
            "Did not receive a value to match the WhereConditions for column FIRSTNAME.",
            None,
        ),
        (
            where("FIRSTNAME"),
            "Did not receive a value to match the WhereConditions for column FIRSTNAME.",
            None,
        ),
        (where("ID", "LIKE", "1%"), "The operator LIKE does not fit the column ID.", None),
        (where("UUID", "GT", "x"), "The operator GT does not fit the column UUID.", None),
        (where("DOB", "LIKE", "1980%"), "The operator LIKE does not fit the column DOB.", None),
        (where("ID", "EQ", "x"), "The value does not fit the column ID.", "Expected an id."),
        (where("ID", "EQ", -1), "The value does not fit the column ID.", "Expected an id."),
        (where("ID", "EQ", "\u0661"), "The value does not fit the column ID.", "Expected an id."),
        (where("ID", "EQ", str(2**64)), "The value does not fit the column ID.", "Expected an id."),
        (where("ID", "EQ", True), "The value does not fit the column ID.", "Expected an id."),
        (where("ID", "GT", None), "The value does not fit the column ID.", "Expected an id."),
        (where("UUID", "EQ", "x"), "The value does not fit the column UUID.", "Expected a UUID."),
        (
            where("DOB", "EQ", "1980-02-30"),
            "The value does not fit the column DOB.",
            "Expected a date such as 2026-01-31.",
        ),
        (
            where("DOB", "EQ", "1980-W01-1"),
            "The value does not fit the column DOB.",
            "Expected a date such as 2026-01-31.",
        ),
        (
            where("CREATED_AT", "GT", "2026-01-31"),
            "The value does not fit the column CREATED_AT.",
            "Expected a date-time such as 2026-01-31T09:30:00+00:00.",
        ),
        (
            where("CREATED_AT", "GT", "0001-01-01T00:00:00+01:00"),
            "The value does not fit the column CREATED_AT.",
            "Expected a date-time such as 2026-01-31T09:30:00+00:00.",
        ),
        (
            where("FIRSTNAME", "IN", "Anna"),
            "The value does not fit the column FIRSTNAME.",
            "Expected a list of at most 250 values.",
        ),
        (
            where("FIRSTNAME", "BETWEEN", ["Anna"]),
            "The value does not fit the column FIRSTNAME.",
            "Expected a list of two values.",
        ),
        (
            where("FIRSTNAME", "EQ", {"a": 1}),
            "The value does not fit the column FIRSTNAME.",
            "Expected text.",
        ),
        (where("FIRSTNAME", "IN", [None]), "The value does not fit the column FIRSTNAME.", "Expected text."),
    ],
)
def test_refusals(people, actors, condition, message, reason):
    expected = {"code": "BAD_USER_INPUT"} | ({"reason": reason} if reason else {})

    assert refused("peoples", actor=actors.viewer, where=condition) == (message, expected)


@pytest.mark.parametrize(
    ("field", "condition", "reason"),
    [
        ("leadStatuses", where("CATEGORY", "EQ", "MAYBE"), "Expected one of OPEN, WON, LOST, CLOSED."),
        ("leadStatuses", where("IS_DEFAULT", "EQ", "perhaps"), "Expected true or false."),
        ("leadStatuses", where("IS_DEFAULT", "EQ", 1.0), "Expected true or false."),
        ("pipelines", where("WEIGHT", "EQ", 1.5), "Expected a whole number."),
        ("pipelines", where("WEIGHT", "EQ", "--1"), "Expected a whole number."),
        ("pipelines", where("WEIGHT", "EQ", "9" * 5000), "Expected a whole number."),
        ("pipelines", where("WEIGHT", "EQ", 2**31), "Expected a whole number."),
        ("leads", where("IS_ROTTING", "EQ", "x"), "Expected true or false."),
    ],
)
def test_values_of_another_type(actors, field, condition, reason):
    _message, extensions = refused(field, actor=actors.viewer, where=condition)

    assert extensions == {"code": "BAD_USER_INPUT", "reason": reason}


@pytest.mark.parametrize("name", ["column", "operator"])
def test_unknown_words_of_an_enum(actors, name):
    error = refusal(document("peoples"), actor=actors.viewer, variables={"where": {**ANNA, name: "PASSWORD"}})

    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert "PASSWORD" in error["message"]


def nested(levels: int) -> dict[str, Any]:
    condition: dict[str, Any] = ANNA
    for _ in range(levels - 1):
        condition = {"AND": [condition]}
    return condition


def test_nesting_is_limited(people, actors):
    assert listed("peoples", "firstname", actor=actors.viewer, where=nested(DEEPEST_NESTING)) == ["Anna"]

    assert refused("peoples", actor=actors.viewer, where=nested(DEEPEST_NESTING + 1)) == (
        "Conditions may be nested at most 10 levels deep.",
        {"code": "BAD_USER_INPUT"},
    )


def test_very_deep_nesting_is_too_complex(actors):
    _message, extensions = refused("peoples", actor=actors.viewer, where=nested(200))

    assert extensions == {"code": "QUERY_TOO_COMPLEX", "limit": "input_depth", "max": 50}


def test_lists_of_values_are_limited(people, actors):
    names = ["Anna", *(f"Nobody {number}" for number in range(249))]

    assert listed("peoples", "firstname", actor=actors.viewer, where=where("FIRSTNAME", "IN", names)) == [
        "Anna"
    ]
    _message, extensions = refused(
        "peoples", actor=actors.viewer, where=where("FIRSTNAME", "IN", [*names, "Bert"])
    )
    assert extensions == {"code": "QUERY_TOO_COMPLEX", "limit": "list_items", "max": 250}


def test_null_characters_are_refused(actors):
    _message, extensions = refused("peoples", actor=actors.viewer, where=where("FIRSTNAME", "EQ", "a\0"))

    assert extensions == {
        "code": "VALIDATION",
        "validation": {"where.value": ["Null characters are not allowed."]},
    }
