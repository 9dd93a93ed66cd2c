"""Every CONFLICT has a reason of the closed list, and each of them is described to clients."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import GraphQLEnumType

from config.schema import schema
from crm.errors import Conflict, ConflictReason

ROOT = Path(__file__).parent.parent
APPS = ("config", "crm", "people", "pipelines", "leads")


def raised() -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the place and the first argument of each call of ``Conflict`` in the product."""
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Conflict", "errors.Conflict"):
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield place, node.args[0] if node.args else None


def test_every_conflict_in_the_code_names_a_member():
    places = dict(raised())

    assert len(places) > 40
    reasons = {place: ast.unparse(argument) if argument else "" for place, argument in places.items()}
    known = {f"ConflictReason.{reason.name}" for reason in ConflictReason}
    assert {place: text for place, text in reasons.items() if text not in known} == {}


def test_a_conflict_has_no_reason_of_its_own_accord():
    with pytest.raises(TypeError):
        Conflict()  # type: ignore[call-arg]  # what is tested
    for reason in ConflictReason:
        assert Conflict(reason).details == {"reason": reason.value}


def test_the_schema_lists_and_describes_the_reasons():
    listed = schema.graphql_schema.type_map["ConflictReason"]

    assert isinstance(listed, GraphQLEnumType)
    assert set(listed.values) == {reason.value for reason in ConflictReason}
    assert all(value.description for value in listed.values.values())


def test_the_guide_has_a_row_for_each_reason():
    guide = (ROOT / "docs" / "api.md").read_text()

    assert [reason for reason in ConflictReason if f"| `{reason.value}` |" not in guide] == []
