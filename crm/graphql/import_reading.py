"""The options of the import commands, as an input of the API."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import graphene
from django.core.exceptions import ValidationError

from crm.importing.files.options import DELIMITERS, FileOptions
from crm.importing.options import NAME_ORDERS, ColumnOptions, ImportOptions, MappingRefused, date_format_of


class ImportColumnInput(graphene.InputObjectType):
    """The field of a column, by its position."""

    number = graphene.Int(required=True, description="Position of the column, from 1.")
    field = graphene.String(description="Null leaves the column out.")


class ImportSeparatorInput(graphene.InputObjectType):
    """The sign between several values of a cell."""

    name = graphene.String(required=True, description="Title or field of the column.")
    separator = graphene.String(required=True)


class ImportConstantInput(graphene.InputObjectType):
    """A value that is the same in each row of a file."""

    field = graphene.String(required=True, description="A field that no column of the file holds.")
    value = graphene.String(required=True, description="As a cell would have it.")


class ImportReadingInput(graphene.InputObjectType):
    """Options of reading a file; without them it is recognised, and what cannot be is asked for."""

    delimiter = graphene.String(description="Between cells: , ; | or tab.")
    header_row = graphene.Int(description="Line of the titles, from 1.")
    sheet = graphene.String(description="Of a workbook with several sheets.")
    columns = graphene.List(
        graphene.NonNull(ImportColumnInput), description="For columns without a title, or with the same one."
    )
    ignore_rest = graphene.Boolean(
        required=True,
        default_value=False,
        description="Leave unknown columns out instead of refusing the file.",
    )
    split = graphene.String(description="What stands between several e-mail addresses or phones of a cell.")
    split_columns = graphene.List(graphene.NonNull(ImportSeparatorInput))
    name_order = graphene.String(description="Of a column of full names: first-last or last-first.")
    null_markers = graphene.List(
        graphene.NonNull(graphene.String), description="Further texts that stand for an empty cell."
    )
    date_format = graphene.String(description="Of dates, such as DD.MM.YYYY; ISO 8601 needs none.")
    source = graphene.String(
        description="The product that external ids are from; the recognised one without it."
    )
    constants = graphene.List(
        graphene.NonNull(ImportConstantInput), description="Values that are the same in each row."
    )
    decimal = graphene.String(description="The sign before decimals: a comma or a point.")


def reading_options(encoding: str | None, reading: Mapping[str, Any] | None) -> ImportOptions:
    """Return the options of an import as the API names them.

    :raises ValidationError: keyed by the path of the argument.
    """
    given = {name: value for name, value in (reading or {}).items() if value is not None}
    if "delimiter" in given:
        given["delimiter"] = DELIMITERS.get(
            given["delimiter"].strip() or given["delimiter"], given["delimiter"]
        )
        _check("delimiter", given["delimiter"], tuple(DELIMITERS.values()), "Choose one of: , ; | tab.")
    _check("name_order", given.get("name_order"), NAME_ORDERS, "Choose first-last or last-first.")
    _check("decimal", given.get("decimal"), (",", "."), "Choose a comma or a point.")
    try:
        date_format_of(given.get("date_format", "YYYY-MM-DD"))
    except MappingRefused as refused:
        raise ValidationError({"reading.date_format": [refused.message]}) from refused
    if not all(item["separator"] for item in given.get("split_columns", ())) or given.get("split") == "":
        raise ValidationError({"reading.split": ["A separator is not empty."]})
    constants = {item["field"].strip(): item["value"].strip() for item in given.get("constants", ())}
    if not all(constants.keys()) or not all(constants.values()):
        raise ValidationError({"reading.constants": ["Give a field and its value."]})
    file = replace(FileOptions.of(given), encoding=encoding)
    columns = ColumnOptions(
        columns={item["number"]: item.get("field") for item in given.get("columns", ())},
        ignore_rest=given.get("ignore_rest", False),
        split=given.get("split"),
        split_columns={item["name"]: item["separator"] for item in given.get("split_columns", ())},
        name_order=given.get("name_order"),
        null_markers=given.get("null_markers", ()),
        date_format=given.get("date_format"),
        decimal=given.get("decimal"),
        source=given.get("source"),
        constants=constants,
    )
    return ImportOptions(file=file, columns=columns)


def _check(name: str, value: str | None, known: tuple[str, ...], message: str) -> None:
    if value is not None and value not in known:
        raise ValidationError({f"reading.{name}": [message]})
