"""Clients of the last landed schema keep working."""

from pathlib import Path

import pytest
from graphql import build_schema, find_breaking_changes, print_schema

from config.schema import schema

LANDED = (Path(__file__).parent / "landed_schema.graphql").read_text()


def breaking_changes(printed: str) -> list[str]:
    """Return the changes in a schema that break clients of the landed schema."""
    return [
        change.description for change in find_breaking_changes(build_schema(LANDED), build_schema(printed))
    ]


def test_code_breaks_no_client() -> None:
    found = breaking_changes(print_schema(schema.graphql_schema))

    assert found == [], (
        "These changes break clients. If they are meant, say so in an ADR and in the changelog, and replace"
        " tests/landed_schema.graphql in a commit of its own."
    )


@pytest.mark.parametrize(
    ("landed", "changed", "description"),
    [
        ("  reason_lost: String\n  receiver:", "  receiver:", "Lead.reason_lost was removed."),
        ("  NOT_LIKE\n", "", "NOT_LIKE was removed from enum type SQLOperator."),
        ("title: String!\n", "title: Int!\n", "Lead.title changed type from String! to Int!."),
    ],
    ids=["field", "enum value", "type"],
)
def test_a_break_is_found(landed: str, changed: str, description: str) -> None:
    assert landed in LANDED

    assert breaking_changes(LANDED.replace(landed, changed, 1)) == [description]
