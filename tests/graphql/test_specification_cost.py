"""The documents of the specification are within the limits, also with the largest page."""

import re
from pathlib import Path

import pytest
from graphql import OperationType

from config.schema import schema
from crm.actors import Actor, Door, Role
from crm.graphql.execution import Operation, prepare
from crm.graphql.limits import Limits

DOCUMENTS = sorted((Path(__file__).parent.parent / "specification").glob("*.graphql"))
ACTOR = Actor(user_id=1, company_id=1, role=Role.ADMIN, door=Door.GRAPHQL)


def cost(text: str) -> int:
    operation = Operation(query=text)
    return prepare(schema.graphql_schema, operation, actor=ACTOR, allow=frozenset(OperationType)).cost


def with_full_page(path: Path) -> str:
    return re.sub(r"first: \d+", "first: 100", path.read_text())


def test_all_documents_are_here():
    assert len(DOCUMENTS) == 13


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_document_passes_with_a_full_page(path):
    text, pages = re.subn(r"first: \d+", "first: 100", path.read_text())

    assert cost(text) <= Limits().cost
    assert pages == (
        1 if path.stem.split("_", 1)[1] in {"list_people", "list_leads", "list_pipelines"} else 0
    )


@pytest.mark.parametrize(
    ("name", "objects"), [("01_list_people", 2_602), ("06_list_leads", 1_802), ("10_list_pipelines", 601)]
)
def test_full_page_costs(name, objects):
    path = next(path for path in DOCUMENTS if path.stem == name)

    assert cost(with_full_page(path)) == objects
