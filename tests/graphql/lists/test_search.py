"""The ``search`` argument of lists."""

import pytest

from people.services.people import PersonValues, create_person
from tests.clients import data
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory
from tests.graphql.contact_types import type_id
from tests.graphql.lists.asking import listed

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(actors):
    everybody: list[PersonValues] = [
        {
            "firstname": "Jane",
            "lastname": "Doe",
            "email": "jane.doe@example.com",
            "contacts": [{"contacts_types_id": type_id("PHONE"), "value": "+1 (212) 555-0100"}],
        },
        {
            "firstname": "Zoé",
            "lastname": "ÉCOLE",
            "contacts": [{"contacts_types_id": type_id("CELLPHONE"), "value": "(212) 555-0199"}],
        },
        {"firstname": "100%", "lastname": "Sure_Thing"},
    ]
    for values in everybody:
        create_person(values, actor=actors.agent)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, ["Jane", "Zoé", "100%"]),
        ("", ["Jane", "Zoé", "100%"]),
        ("   ", ["Jane", "Zoé", "100%"]),
        ("JANE", ["Jane"]),
        ("doe jane", ["Jane"]),
        ("jane nobody", []),
        ("jane.doe@EXAMPLE.com", ["Jane"]),
        ("école", ["Zoé"]),
        ("212-555-0100", ["Jane"]),
        ("212.555.0100", ["Jane"]),
        ("2125550100", ["Jane"]),
        ("+12125550100", ["Jane"]),
        ("(212) 555 0199", ["Zoé"]),
        ("+1 212 555-0199", ["Zoé"]),
        ("+12125550199", ["Zoé"]),
        ("%", ["100%"]),
        ("_", ["100%"]),
        ("0%", ["100%"]),
        ("\\", []),
    ],
)
def test_people(people, actors, text, found):
    assert listed("peoples", "firstname", actor=actors.viewer, search=text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("deal 2026-01", ["Deal 2026-01"]),
        ("roe", ["Deal 2026-01"]),
        ("roe@example.com", ["Deal 2026-01"]),
        ("212-555-0100", ["Deal 2026-01"]),
        ("+12125550100", ["Deal 2026-01"]),
        ("OTHER", ["Other deal"]),
        ("deal", ["Deal 2026-01", "Other deal"]),
    ],
)
def test_leads(tenant, actors, text, found):
    LeadFactory(
        company=tenant.company,
        title="Deal 2026-01",
        firstname="John",
        lastname="Roe",
        email="Roe@Example.com",
        phone="(212) 555-0100",
    )
    LeadFactory(company=tenant.company, title="Other deal")

    assert listed("leads", "title", actor=actors.viewer, search=text) == found


def test_organizations(tenant, actors):
    for name in ("Acme Corp", "Initech"):
        OrganizationFactory(company=tenant.company, name=name)

    assert listed("organizations", "name", actor=actors.viewer, search="CORP acme") == ["Acme Corp"]


def test_tags(tenant, actors):
    for name in ("École primaire", "100%"):
        TagFactory(company=tenant.company, name=name)

    assert listed("tags", "name", actor=actors.viewer, search="PRIMAIRE école") == ["École primaire"]
    assert listed("tags", "name", actor=actors.viewer, search="%") == ["100%"]


def test_users(actors):
    assert listed("users", "displayname", actor=actors.viewer, search="AGENT tenant") == ["agent@tenant"]
    assert listed("users", "displayname", actor=actors.viewer, search="_") == []


def test_search_goes_with_where_and_counts(people, actors):
    document = """{ peoples(search: "212", where: {column: LASTNAME, value: "Doe"}) {
        data { firstname } paginatorInfo { total } } }"""

    assert data(document, actor=actors.viewer) == {
        "peoples": {"data": [{"firstname": "Jane"}], "paginatorInfo": {"total": 1}}
    }
