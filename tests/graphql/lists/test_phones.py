"""Phones and e-mails in ``where``, ``has...``, HAS and ``search``, in every spelling."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.graphql.compiler.list_reads import ListRead
from crm.models import Company
from people.models.phones import canonical_phone
from people.services.people import create_person
from tests.clients import data
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory
from tests.graphql.contact_types import type_id
from tests.graphql.lists.asking import listed, where

pytestmark = pytest.mark.django_db

#: Names of people and titles of leads, and their number.
NUMBERS = {
    "Desk": "+49 30 901830",
    "One": "030/901830 ext. 1",
    "Ten": "0049 (0)30 90 18 30 x10",
    "Abroad": "+1 415 555 0200",
    "Local": "555-7777",
    "Short": "110",
}
SWITCHBOARD = ["Desk", "One", "Ten"]
SPELLINGS = [
    "+4930901830",
    "030 901830",
    "030/901830",
    "(030) 90 18 30",
    "030.901830",
    "0049 30 901830",
    "011 49 30 901830",
    "+49 (0)30 901830",
    "tel:+49-30-901830",
    "\uff10\uff13\uff10 \uff19\uff10\uff11\uff18\uff13\uff10",
]
HAS_PHONE = """query ($where: QueryPeoplesHasPhonesWhereHasConditions!) {
  peoples(hasPhones: $where, orderBy: [{column: ID, order: ASC}]) { data { name: firstname } } }"""
HAS = """query ($value: Mixed) {
  peoples(orderBy: [{column: ID, order: ASC}], where: {HAS: {relation: "phones",
    condition: {column: "value", operator: EQ, value: $value}}}) { data { name: firstname } } }"""


@pytest.fixture(params=["compiled", "standard"])
def executor(request, settings):
    """Read with compiled statements, which PostgreSQL alone has, and without."""
    settings.GRAPHQL_COMPILED_READS = request.param == "compiled"


@pytest.fixture(scope="module")
def made_viewer(made_tenant):
    """A viewer of a German company with people and leads that have these numbers."""
    company, agent = made_tenant.company, made_tenant.actors.agent
    Company.objects.filter(pk=company.pk).update(region="DE")
    company.refresh_from_db()
    for name, number in NUMBERS.items():
        person: Any = {
            "firstname": name,
            "contacts": [{"contacts_types_id": type_id("PHONE"), "value": number}],
        }
        create_person(person, actor=agent)
        LeadFactory(company=company, title=name, phone=number)
    create_person({"firstname": "Nobody"}, actor=agent)
    LeadFactory(company=company, title="Nobody")
    # The actor as the next request has it.
    return replace(made_tenant.actors.viewer, region="DE")


@pytest.fixture
def viewer(made_viewer, tenant, executor):
    return made_viewer


def names(document: str, actor: Any, **variables: Any) -> list[str]:
    return [row["name"] for row in data(document, actor=actor, variables=variables)["peoples"]["data"]]


def leads(actor: Any, operator: str, value: Any) -> list[str]:
    by_id = [{"column": "ID", "order": "ASC"}]
    return listed("leads", "title", actor=actor, orderBy=by_id, where=where("PHONE", operator, value))


def by_search(field: str, column: str, actor: Any, text: str) -> list[str]:
    return listed(field, column, actor=actor, search=text, orderBy=[{"column": "ID", "order": "ASC"}])


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *((spelling, SWITCHBOARD) for spelling in SPELLINGS),
        ("030 901830 ext. 1", ["One"]),
        ("+49 30 901830 #10", ["Ten"]),
        ("+49 30 901830 x100", []),
        ("030 901831", []),
        ("001 (415) 555-0200", ["Abroad"]),
        ("(415) 555-0200", []),
        ("555 7777", ["Local"]),
        ("5557777", ["Local"]),
        ("110", ["Short"]),
        ("11", []),
        ("n/a", []),
        ("", []),
    ],
)
def test_equal_numbers(viewer, value, found):
    others = [name for name in NUMBERS if name not in found]

    assert names(HAS_PHONE, viewer, where={"column": "VALUE", "value": value}) == found
    assert names(HAS, viewer, value=value) == found
    assert leads(viewer, "EQ", value) == found
    assert leads(viewer, "IN", [value, "n/a"]) == found
    assert leads(viewer, "NEQ", value) == others
    assert leads(viewer, "NOT_IN", [value]) == others


def test_lists_of_numbers_with_and_without_an_extension(viewer):
    wanted = ["030 901830 x10", "415 555 0200", "0049 30 901830 ext 1", "555.7777"]

    assert leads(viewer, "IN", wanted) == ["One", "Ten", "Local"]
    assert leads(viewer, "NOT_IN", wanted) == ["Desk", "Abroad", "Short"]
    has = {"column": "VALUE", "operator": "IN", "value": wanted}
    assert names(HAS_PHONE, viewer, where=has) == ["One", "Ten", "Local"]


def test_patterns_look_at_what_was_typed(viewer):
    assert leads(viewer, "LIKE", "030/%") == ["One"]
    assert leads(viewer, "NOT_LIKE", "+%") == ["One", "Ten", "Local", "Short"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *((spelling, SWITCHBOARD) for spelling in SPELLINGS),
        ("030 9018", SWITCHBOARD),
        ("030 901830 ext. 1", ["One"]),
        ("030-901830 x10", ["Ten"]),
        ("(0049) 30 901830;ext=10", ["Ten"]),
        ("030 901830 x100", []),
        ("One 030 901830", ["One"]),
        ("030 901830 ten", ["Ten"]),
        ("001 415 555 0200", ["Abroad"]),
        ("555 7777", ["Local"]),
    ],
)
def test_search(viewer, text, found):
    assert by_search("peoples", "firstname", viewer, text) == found
    assert by_search("leads", "title", viewer, text) == found


def test_region_is_that_of_the_company(viewer):
    american = replace(viewer, region="US")

    assert by_search("peoples", "firstname", american, "(415) 555-0200") == ["Abroad"]
    assert leads(american, "EQ", "(415) 555-0200") == ["Abroad"]
    # An actor without a region, such as one of a command, has that of the company.
    nobody = replace(viewer, region=None)
    assert by_search("peoples", "firstname", nobody, "030 901830") == SWITCHBOARD
    assert leads(nobody, "EQ", "030 901830") == SWITCHBOARD


EMAILS = [
    "anna@bücher.example",
    "anna@xn--bcher-kva.example",
    "ANNA@BÜCHER.EXAMPLE",
    "anna@bu\u0308cher.example",
]


@pytest.mark.parametrize("asked", [*EMAILS, "anna@XN--BCHER-KVA.example"])
def test_emails_of_international_domains(tenant, executor, asked):
    viewer = tenant.actors.viewer
    for number, email in enumerate([*EMAILS, "anna@bucher.example"]):
        person: Any = {"firstname": str(number), "email": email}
        create_person(person, actor=tenant.actors.agent)
        LeadFactory(company=tenant.company, title=str(number), email=email)
        OrganizationFactory(company=tenant.company, name=str(number), email=email).full_clean()
    found = ["0", "1", "2", "3"]
    has = HAS_PHONE.replace("hasPhones", "hasEmails").replace("HasPhones", "HasEmails")
    by_id = [{"column": "ID", "order": "ASC"}]

    for field, column in (("peoples", "firstname"), ("leads", "title"), ("organizations", "name")):
        assert by_search(field, column, viewer, asked) == found
        equal = where("EMAIL", "EQ", asked)
        assert listed(field, column, actor=viewer, where=equal, orderBy=by_id) == found
    assert names(has, viewer, where={"column": "VALUE", "value": asked}) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("u@fußball.example", ["ß"]),
        ("u@fussball.example", ["ss"]),
        ("U@FUSSBALL.example", ["ss"]),
        ("u@xn--fuball-cta.example", ["ß"]),
    ],
)
def test_other_domains_are_not_equal(tenant, executor, asked, found):
    for name, email in (("ß", "u@fußball.example"), ("ss", "u@fussball.example")):
        create_person({"firstname": name, "email": email}, actor=tenant.actors.agent)

    equal = where("EMAIL", "EQ", asked)
    assert listed("peoples", "firstname", actor=tenant.actors.viewer, where=equal) == found


@pytest.mark.parametrize("text", ["Desk", "030 901830", "0049 30 901830", "030 901830 x10", "+4930901830"])
def test_a_search_needs_no_statement_for_the_region(viewer, text):
    document = "query ($text: String) { peoples(search: $text) { data { firstname } } }"

    with CaptureQueriesContext(connection) as captured:
        data(document, actor=viewer, variables={"text": text})

    assert len(captured) == 1


@pytest.mark.postgres
def test_numbers_share_few_statements(viewer, settings, monkeypatch):
    # The standard executor keeps no statements.
    settings.GRAPHQL_COMPILED_READS = True
    made: list[object] = []
    page_of = ListRead.page_of

    def count(self: ListRead, *given: Any, **named: Any) -> Any:
        made.append(given)
        return page_of(self, *given, **named)

    monkeypatch.setattr(ListRead, "page_of", count)
    document = """query ($text: String, $where: QueryLeadsWhereWhereConditions) {
      leads(search: $text, where: $where) { data { title } } }"""
    for _ in range(2):
        data(document, actor=viewer, variables={"text": None, "where": where("PHONE", "EQ", "1")})
    made.clear()

    for value in (*SPELLINGS, "030 901830 x10", "555-7777"):
        data(document, actor=viewer, variables={"where": where("PHONE", "EQ", value)})
        data(document, actor=viewer, variables={"where": where("PHONE", "NEQ", value)})
        data(document, actor=viewer, variables={"where": where("PHONE", "IN", [value] * 3)})
    assert len(made) <= 2
    made.clear()

    for value in (f"030 9018{number:02}" for number in range(40)):
        assert canonical_phone(value, "DE")
        data(document, actor=viewer, variables={"text": value})
    assert len(made) <= 1
