"""Scalars of the contract, and how text is read as a date or a date-time."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal as Number
from typing import Any

import graphene
from django.core.files.base import File
from graphql import GraphQLError, ValueNode, value_from_ast_untyped
from graphql.language import FloatValueNode, IntValueNode, ListValueNode, ObjectValueNode, StringValueNode

from crm.dates import check_year, parse_date
from crm.json_texts import InexactNumber, is_exact
from crm.money import read_decimal


def parse_datetime(text: object) -> datetime:
    """Read an ISO 8601 date-time, in UTC without an offset; raise ``ValueError`` if the text is none."""
    message = "Expected a date-time such as 2026-01-31T09:30:00+00:00."
    trimmed = text.strip() if isinstance(text, str) else ""
    # Python would read a date alone as its midnight.
    if "T" not in trimmed.replace(" ", "T"):
        raise ValueError(message)
    try:
        moment = datetime.fromisoformat(trimmed)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(message) from None


class DateTime(graphene.Scalar):
    """A moment in ISO 8601 with its offset; answers are in UTC."""

    @staticmethod
    def serialize(value: datetime) -> str:
        return value.astimezone(UTC).isoformat()

    @staticmethod
    def parse_value(value: object) -> datetime:
        try:
            moment = parse_datetime(value)
            check_year(moment.date())
            return moment
        except ValueError as refused:
            raise GraphQLError(str(refused)) from refused

    @staticmethod
    def parse_literal(node: ValueNode, _variables: object = None) -> datetime:
        return DateTime.parse_value(node.value if isinstance(node, StringValueNode) else None)


class Date(graphene.Scalar):
    """A day in ISO 8601: YYYY-MM-DD."""

    @staticmethod
    def serialize(value: date) -> str:
        return value.isoformat()

    @staticmethod
    def parse_value(value: object) -> date:
        try:
            # Which years are legal is a rule of the field that it is for.
            return parse_date(value)
        except ValueError as refused:
            raise GraphQLError(str(refused)) from refused

    @staticmethod
    def parse_literal(node: ValueNode, _variables: object = None) -> date:
        return Date.parse_value(node.value if isinstance(node, StringValueNode) else None)


class Decimal(graphene.Scalar):
    """A decimal number as text with all its digits, such as "1234.50"; nothing is rounded.

    Input may also be a whole number, or a number with a point that JSON keeps exactly.
    """

    specified_by_url = "https://www.w3.org/TR/xmlschema11-2/#decimal"

    @staticmethod
    def serialize(value: Number) -> str:
        return f"{value:f}"

    @staticmethod
    def parse_value(value: object) -> Number:
        try:
            return read_decimal(value)
        except ValueError as refused:
            raise GraphQLError(str(refused)) from refused

    @staticmethod
    def parse_literal(node: ValueNode, _variables: object = None) -> Number:
        if isinstance(node, StringValueNode | IntValueNode):
            return Decimal.parse_value(node.value)
        return Decimal.parse_value(_plain_value(node, None) if isinstance(node, FloatValueNode) else None)


def _refuse_files(value: object) -> None:
    # The map of a multipart form can put a file anywhere in the variables, also where no Upload is expected.
    if isinstance(value, File):
        raise GraphQLError("A file is no value; its place is one of the type Upload.")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_files(item)


def _plain_value(node: ValueNode, variables: dict[str, Any] | None) -> object:
    """Return the value of a literal as JSON; a number that loses digits as one that says so."""
    # Recursion is safe: the limit on the depth of input was checked before.
    if isinstance(node, ListValueNode):
        return [_plain_value(item, variables) for item in node.values]
    if isinstance(node, ObjectValueNode):
        return {field.name.value: _plain_value(field.value, variables) for field in node.fields}
    value = value_from_ast_untyped(node, variables)
    if isinstance(value, float) and not math.isfinite(value):
        raise GraphQLError("Expected a finite number.")
    if isinstance(node, FloatValueNode) and not is_exact(node.value, value):
        return InexactNumber(value)
    return value


class Mixed(graphene.Scalar):
    """Any value: text, number, boolean, list, object or null."""

    @staticmethod
    def serialize(value: object) -> object:
        return value

    @staticmethod
    def parse_value(value: object) -> object:
        _refuse_files(value)
        return value

    @staticmethod
    def parse_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> object:
        return Mixed.parse_value(_plain_value(node, variables))


class JSON(Mixed):
    """A JSON document."""
