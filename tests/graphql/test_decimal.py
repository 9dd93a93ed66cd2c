"""The scalar Decimal: as a variable and as a literal, exact in both directions."""

from decimal import Decimal as Number
from typing import Any

import graphene
import pytest
from graphql import graphql_sync

from config.schema import schema
from crm.graphql.core.scalars import Decimal
from crm.json_texts import read_json


class Query(graphene.ObjectType):
    same = graphene.Field(Decimal, value=Decimal())

    @staticmethod
    def resolve_same(_root: object, _info: object, *, value: Number | None = None) -> Number | None:
        return value


SMALL: Any = graphene.Schema(query=Query).graphql_schema


def by_variable(json: str) -> Any:
    document = "query($value: Decimal) { same(value: $value) }"
    return graphql_sync(SMALL, document, variable_values={"value": read_json(json)})


def by_literal(text: str) -> Any:
    return graphql_sync(SMALL, f"{{ same(value: {text}) }}")


@pytest.mark.parametrize("send", [by_variable, by_literal])
@pytest.mark.parametrize(
    ("written", "answered"),
    [
        ('"1234.50"', "1234.50"),
        ('" 7 "', "7"),
        ('"-0.1000"', "-0.1000"),
        ("50000", "50000"),
        ("1234.5", "1234.5"),
        ("1234.50", "1234.5"),
        ("0.1", "0.1"),
        ("1e2", "100"),
        ("null", None),
        ('"123456789012345678901234567890.123"', "123456789012345678901234567890.123"),
    ],
)
def test_a_number_stays_what_it_is(send, written, answered):
    result = send(written)

    assert (result.errors, result.data) == (None, {"same": answered})


@pytest.mark.parametrize("send", [by_variable, by_literal])
@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ('"abc"', "Expected a number such as 1234.50."),
        ('"1,5"', "Expected a number such as 1234.50."),
        ('"1e3"', "Expected a number such as 1234.50."),
        ("true", "Expected a number such as 1234.50."),
        ("[1]", "Expected a number such as 1234.50."),
        # A float keeps only 17 digits of it.
        ("0.1000000000000000000001", "Write a number of so many digits as text."),
    ],
)
def test_what_is_no_number_is_refused(send, written, reason):
    result = send(written)

    assert [reason in error.message for error in result.errors] == [True]


def test_the_contract_names_the_specification():
    scalar: Any = schema.graphql_schema.type_map["Decimal"]

    assert scalar.specified_by_url == "https://www.w3.org/TR/xmlschema11-2/#decimal"
