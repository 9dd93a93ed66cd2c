"""Plans: compiled once for a class of actors, shared by them, and refused where only Python can resolve."""

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models import F, Value
from django.test.utils import CaptureQueriesContext

from crm.actors import Actor
from crm.database.actor_cache_key import COMPANY
from crm.database.statements import Statement
from crm.graphql.compiler import fallbacks
from crm.graphql.compiler.list_reads import ListRead
from crm.graphql.documents.cache import SizedCache
from leads.models import Lead
from people.models import Organization
from tests.clients import ask, data
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory
from tests.graphql.lists.world import add_records
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

SPECIFICATION = Path(__file__).parents[2] / "specification"
#: The lists of the specification; none needs a count while all rows fit on one page.
DOCUMENTS = ["01_list_people", "06_list_leads", "10_list_pipelines"]
TITLES = "{ leads { data { title } } }"


def statements(document: str, by: Actor) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        data(document, actor=by)
    return [query["sql"] for query in captured]


@pytest.mark.postgres
def test_lists_of_the_specification_take_one_statement(tenant, actors):
    add_records(tenant, 3)
    before = fallbacks.total()

    texts = [(SPECIFICATION / f"{name}.graphql").read_text() for name in DOCUMENTS]

    counts = [len(statements(text, actors.viewer)) for text in texts]

    assert counts == [1, 1, 1]
    assert fallbacks.total() == before


@pytest.mark.postgres
def test_single_row_takes_one_statement_by_id_and_by_uuid(lead_of, actors):
    lead: Lead = lead_of

    for key in (lead.pk, lead.uuid):
        made = statements(f'{{ lead(id: "{key}") {{ title status {{ name }} }} }}', actors.viewer)
        assert len(made) == 1


@pytest.fixture
def lead_of(company) -> Lead:
    lead: Lead = LeadFactory(company=company)
    return lead


@pytest.mark.postgres
def test_one_plan_serves_two_companies_with_their_own_rows(tenant, other_tenant, monkeypatch):
    LeadFactory(company=tenant.company, title="Ours")
    LeadFactory(company=other_tenant.company, title="Theirs")
    made = []
    compiled = ListRead.page_of

    def note(*given: Any, **named: Any) -> Statement:
        made.append(given)
        return compiled(*given, **named)

    monkeypatch.setattr(ListRead, "page_of", note)
    document = f"{TITLES} # one plan"

    answers = [
        data(document, actor=each)["leads"]["data"]
        for each in (tenant.actors.agent, other_tenant.actors.agent)
    ]

    assert answers == [[{"title": "Ours"}], [{"title": "Theirs"}]]
    assert len(made) == 1


@pytest.mark.postgres
def test_changed_row_and_other_variables_are_seen_by_the_same_plan(lead_of, actors):
    document = "query($deep: Boolean!) { leads { data { title status @include(if: $deep) { name } } } }"

    shallow = data(document, actor=actors.agent, variables={"deep": False})
    Lead.objects.update(title="New")
    deep = data(document, actor=actors.agent, variables={"deep": True})

    assert list(shallow["leads"]["data"][0]) == ["title"]
    assert deep["leads"]["data"] == [{"title": "New", "status": {"name": lead_of.status.name}}]


@pytest.mark.postgres
def test_missing_value_of_a_required_field_has_the_same_error(company, actors, settings):
    organization: Organization = OrganizationFactory(company=company)
    Organization.objects.filter(pk=organization.pk).update(version=2)
    document = "{ organizations { data { company { name } } } }"
    agent = actors.agent
    stranger = Actor(user_id=0, company_id=agent.company_id, role=agent.role, door=agent.door)

    # No member has this id, so the company of the row is hidden.
    compiled = ask(document, actor=stranger)
    settings.GRAPHQL_COMPILED_READS = False

    assert compiled["data"] == ask(document, actor=stranger)["data"]


@pytest.mark.postgres
def test_database_that_fails_is_an_error_of_its_field(actors, monkeypatch):
    def fail(*_: object) -> None:
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(Statement, "texts", fail)

    answer = ask(f"{TITLES} # fails", actor=actors.agent)

    assert answer.get("data") is None
    assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"


@pytest.mark.postgres
@pytest.mark.parametrize(
    "document",
    [
        "{ leads { data { days_in_stage } } }",
        "{ leads { data { duplicates { id } } } }",
        "{ leadCount }",
        "{ __schema { queryType { name } } }",
        '{ lead(id: "0") { id } }',
        "{ leads(first: 101) { data { id } } }",
    ],
)
def test_fields_that_only_python_resolves_go_to_the_standard_executor(lead_of, actors, document):
    before = fallbacks.total()

    ask(document, actor=actors.agent)

    assert fallbacks.total() == before + 1


def test_cache_keeps_what_was_used_last():
    cache: SizedCache[int] = SizedCache(admit_on_second_use=True)
    made: list[int] = []

    def get(number: int) -> int:
        def make() -> int:
            made.append(number)
            return number

        return cache.get_or_make(number, make, size=lambda _: 10, most=20)

    assert [get(each) for each in (1, 2, 1, 3, 1, 2, 3, 1, 3, 2)] == [1, 2, 1, 3, 1, 2, 3, 1, 3, 2]
    # Once it is full, a new value is admitted on its second use, and evicts the one used longest ago.
    assert made == [1, 2, 3, 3, 1]
    assert (len(cache), cache.size) == (2, 20)


def test_expressions_are_not_mistaken_for_values():
    assert F("pk") != COMPANY
    assert Value(1) != COMPANY


@pytest.mark.postgres
def test_database_error_while_a_read_is_prepared_is_an_error_of_its_field(lead_of, actors, monkeypatch):
    def refuse(*_: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(ListRead, "begin", refuse)
    document = f'{{ lead(id: "{lead_of.pk}") {{ title }} leads {{ data {{ title }} }} }}'
    body = ask(document, actor=actors.viewer)

    assert body.get("data") is None
    assert [error["path"] for error in body["errors"]] == [["leads"]]
