"""The order of a list: several columns, rows without a value last, the id at the end."""

import pytest

from leads.models import LeadStatus
from tests.clients import data
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory
from tests.graphql.lists.asking import listed

pytestmark = pytest.mark.django_db


def by(column: str, order: str = "ASC") -> dict[str, str]:
    return {"column": column, "order": order}


@pytest.fixture
def people(tenant):
    for first, last in (("Anna", "Roe"), ("Bert", None), ("Carl", "Doe"), ("Dora", "Roe"), ("Emil", None)):
        PersonFactory(company=tenant.company, firstname=first, lastname=last)


@pytest.mark.parametrize(
    ("clauses", "found"),
    [
        (None, ["Anna", "Bert", "Carl", "Dora", "Emil"]),
        ([], ["Anna", "Bert", "Carl", "Dora", "Emil"]),
        ([by("ID", "DESC")], ["Emil", "Dora", "Carl", "Bert", "Anna"]),
        ([by("LASTNAME")], ["Carl", "Anna", "Dora", "Bert", "Emil"]),
        ([by("LASTNAME", "DESC")], ["Anna", "Dora", "Carl", "Bert", "Emil"]),
        ([by("LASTNAME"), by("FIRSTNAME", "DESC")], ["Carl", "Dora", "Anna", "Emil", "Bert"]),
        (by("FIRSTNAME", "DESC"), ["Emil", "Dora", "Carl", "Bert", "Anna"]),
    ],
    ids=["absent", "empty", "id", "nulls last", "nulls last, descending", "two columns", "single object"],
)
def test_people(people, actors, clauses, found):
    assert listed("peoples", "firstname", actor=actors.viewer, orderBy=clauses) == found


def test_a_single_clause_needs_no_brackets(people, actors):
    document = "{ peoples(first: 1, orderBy: {column: FIRSTNAME, order: DESC}) { data { firstname } } }"

    assert data(document, actor=actors.viewer) == {"peoples": {"data": [{"firstname": "Emil"}]}}


def test_leads_by_the_name_of_their_status(tenant, actors):
    for name in ("Won", "Open", "Lost"):
        LeadFactory(
            company=tenant.company,
            title=name,
            status=LeadStatus.objects.get(company=tenant.company, name=name),
        )

    assert listed("leads", "title", actor=actors.viewer, orderBy=[by("STATUS")]) == ["Lost", "Open", "Won"]


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ("leads", "CLOSED_AT"),
        ("leads", "PIPELINE_STAGE_ID"),
        ("leadTypes", "IS_ACTIVE"),
        ("leadTypes", "DESCRIPTION"),
        ("leadSources", "NAME"),
        ("leadReceivers", "CREATED_AT"),
        ("pipelines", "IS_DEFAULT"),
        ("organizations", "NAME"),
        ("contactType", "NAME"),
        ("tags", "SLUG"),
        ("users", "CREATED_AT"),
        ("users", "DISPLAYNAME"),
    ],
)
def test_every_kind_of_column_orders(tenant, actors, field, column):
    LeadFactory(company=tenant.company)

    there = listed(field, "id", actor=actors.viewer, orderBy=[by(column), by("ID", "DESC")])

    assert sorted(there) == sorted(listed(field, "id", actor=actors.viewer))
