"""Possible duplicates of one record, and clusters of a company."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people.models import ContactType, Organization, Person
from people.services import duplicates
from people.services.clusters import people_clusters
from people.services.people import create_person, delete_person
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory, LeadStatusFactory
from tests.factories.people import OrganizationFactory, PersonFactory

pytestmark = pytest.mark.django_db

DUPLICATES = "query ($id: ID!) { people(id: $id) { duplicates { id } } }"
CLUSTERS = """
query ($first: Int! = 25, $page: Int) {
  peopleDuplicates(first: $first, page: $page) {
    data { people { id name } reasons size } paginatorInfo { total hasMorePages }
  }
}
"""


def kind(name: str) -> int:
    return ContactType.objects.get(company=None, kind=name).pk


def person(actor, firstname="Jane", **values) -> Person:
    given: Any = {"firstname": firstname, **values}
    return create_person(given, actor=actor)


def phone(value: str, name: str = "PHONE") -> list[Any]:
    return [{"contacts_types_id": kind(name), "value": value}]


def duplicates_of(record, actor) -> list[str]:
    found = data(DUPLICATES, actor=actor, variables={"id": record.pk})["people"]["duplicates"]
    return [other["id"] for other in found]


def clusters(actor, **variables):
    return data(CLUSTERS, actor=actor, variables=variables)["peopleDuplicates"]


def test_equal_e_mail_is_found_without_case(actors):
    first = person(actors.agent, email="jane@example.com")
    second = person(actors.agent, "Other", email="JANE@Example.com")
    person(actors.agent, "Third", email="john@example.com")

    assert duplicates_of(first, actors.viewer) == [str(second.pk)]
    assert duplicates_of(second, actors.viewer) == [str(first.pk)]


def test_e_mail_among_the_contacts_is_found(actors):
    first = person(actors.agent, email="jane@example.com")
    second = person(actors.agent, "Other", email="x@example.com", contacts=phone("Jane@example.com", "EMAIL"))

    assert duplicates_of(first, actors.viewer) == [str(second.pk)]


def test_equal_phone_is_found_in_any_format(actors):
    first = person(actors.agent, contacts=phone("+1 212-555-0100"))
    second = person(actors.agent, "Other", contacts=phone("+12125550100", "CELLPHONE"))

    assert duplicates_of(first, actors.viewer) == [str(second.pk)]


def test_text_of_another_kind_of_contact_is_no_match(actors, company):
    first = person(actors.agent, contacts=phone("jane@example.com", "EMAIL"))
    own = ContactType.objects.create(company=company, name="Chat")
    contact = [{"contacts_types_id": own.pk, "value": "jane@example.com"}]
    person(actors.agent, "Other", contacts=contact)

    assert duplicates_of(first, actors.viewer) == []


@pytest.mark.parametrize(
    ("name", "other", "same"),
    [
        (("John", "Doe"), ("Jon", "Doe"), True),
        (("John", "Doe"), ("Doe", "JOHN"), True),
        (("John", "Doe"), ("Jane", "Doe"), False),
        (("Account", "100"), ("Account", "101"), False),
    ],
)
def test_similar_name_is_found_within_an_organization(actors, company, name, other, same):
    acme = OrganizationFactory(company=company)
    tied = {"organizations_id": [acme.pk]}
    first = person(actors.agent, name[0], lastname=name[1], **tied)
    second = person(actors.agent, other[0], lastname=other[1], **tied)
    person(actors.agent, name[0], lastname=name[1])

    assert duplicates_of(first, actors.viewer) == ([str(second.pk)] if same else [])


def test_names_are_not_compared_in_a_large_or_deleted_organization(actors, company, monkeypatch):
    monkeypatch.setattr(duplicates, "LARGEST_ORGANIZATION", 2)
    small, large, gone = (OrganizationFactory(company=company) for _ in range(3))
    Organization.objects.filter(pk=gone.pk).update(deleted_at="2026-01-01T00:00:00Z")
    first = person(actors.agent, organizations_id=[large.pk, small.pk])
    second = person(actors.agent, organizations_id=[large.pk])
    person(actors.agent, organizations_id=[large.pk])
    for record in (first, second):
        record.organizations.add(gone)

    assert duplicates_of(first, actors.viewer) == []


def test_deleted_and_foreign_people_are_not_named(actors, other_actors):
    first = person(actors.agent, email="jane@example.com")
    delete_person(person(actors.agent, email="jane@example.com").pk, actor=actors.agent)
    person(other_actors.agent, email="jane@example.com")

    assert duplicates_of(first, actors.viewer) == []
    assert clusters(actors.viewer)["data"] == []


def test_at_most_25_are_listed_the_oldest_first(actors, company):
    created = [PersonFactory(company=company, email="a@example.com") for _ in range(30)]

    assert duplicates_of(created[3], actors.viewer) == [str(row.pk) for row in [*created[:3], *created[4:26]]]
    assert duplicates_of(created[29], actors.viewer) == [str(row.pk) for row in created[:25]]


def test_creating_reports_duplicates_and_touches_none(actors):
    first = person(actors.agent, email="jane@example.com")
    created = data(
        'mutation { createPeople(input: {firstname: "J", email: "jane@example.com"})'
        " { id duplicates { id version } } }",
        actor=actors.agent,
    )["createPeople"]

    assert created["duplicates"] == [{"id": str(first.pk), "version": 1}]


def test_organizations_of_an_equal_name(actors, company, other_company):
    names = ["Acme Corp.", "ACME, corp", "Acme Corps", "!!", "??"]
    first, second, *_ = (OrganizationFactory(company=company, name=name) for name in names)
    OrganizationFactory(company=other_company, name="Acme Corp.")
    answer = data(
        "{ organizations { data { name duplicates { id name } } }"
        " organizationDuplicates { data { organizations { id } reasons size } paginatorInfo { total } } }",
        actor=actors.viewer,
    )

    found = {row["name"]: row["duplicates"] for row in answer["organizations"]["data"]}
    assert found == {
        "Acme Corp.": [{"id": str(second.pk), "name": "ACME, corp"}],
        "ACME, corp": [{"id": str(first.pk), "name": "Acme Corp."}],
        "Acme Corps": [],
        "!!": [],
        "??": [],
    }
    assert answer["organizationDuplicates"] == {
        "data": [
            {"organizations": [{"id": str(first.pk)}, {"id": str(second.pk)}], "reasons": ["NAME"], "size": 2}
        ],
        "paginatorInfo": {"total": 1},
    }


def test_leads_of_the_same_person_that_are_open(actors, company):
    jane = PersonFactory(company=company)
    lost = LeadStatusFactory(company=company, category="LOST")
    first, second = (LeadFactory(company=company, person=jane) for _ in range(2))
    closed = LeadFactory(company=company, person=jane, status=lost)
    LeadFactory(company=company)
    query = "{ leads(orderBy: [{column: ID, order: ASC}]) { data { id duplicates { id } } } }"

    found = {
        row["id"]: [other["id"] for other in row["duplicates"]]
        for row in data(query, actor=actors.viewer)["leads"]["data"]
    }

    assert found[str(first.pk)] == [str(second.pk)]
    assert found[str(closed.pk)] == [str(first.pk), str(second.pk)]
    assert len(found) == 4
    assert [len(others) for others in found.values()] == [1, 1, 2, 0]


def test_a_hidden_lead_is_no_duplicate(actors, company, tenant):
    company.lead_visibility = "OWN"
    company.save()
    jane = PersonFactory(company=company)
    mine = LeadFactory(company=company, person=jane, owner=tenant.users["agent"])
    hidden = LeadFactory(company=company, person=jane)
    query = f"{{ lead(id: {mine.pk}) {{ duplicates {{ id }} }} }}"
    agent = actors.agent.__class__(**{**actors.agent.__dict__, "company_sees_all_leads": False})

    assert data(query, actor=agent)["lead"]["duplicates"] == []
    assert data(query, actor=actors.manager)["lead"]["duplicates"] == [{"id": str(hidden.pk)}]


def test_clusters_join_by_different_reasons(actors, company):
    acme = OrganizationFactory(company=company)
    by_mail = person(actors.agent, "A", email="jane@example.com")
    both = person(actors.agent, "B", email="jane@example.com", contacts=phone("+12125550100"))
    by_phone = person(actors.agent, "Johanna", contacts=phone("+12125550100"), organizations_id=[acme.pk])
    by_name = person(actors.agent, "Johana", organizations_id=[acme.pk])
    alone = person(actors.agent, "Alone", email="alone@example.com")
    twin = person(actors.agent, "Twin", email="twin@example.com")
    other = person(actors.agent, "Other", contacts=phone("TWIN@example.com", "EMAIL"))

    found = clusters(actors.viewer)["data"]

    assert [[row["id"] for row in cluster["people"]] for cluster in found] == [
        [str(row.pk) for row in (by_mail, both, by_phone, by_name)],
        [str(row.pk) for row in (twin, other)],
    ]
    assert [cluster["reasons"] for cluster in found] == [["EMAIL", "NAME", "PHONE"], ["EMAIL"]]
    assert [cluster["size"] for cluster in found] == [4, 2]
    assert alone.pk not in {key for cluster in people_clusters(actor=actors.viewer) for key in cluster.keys}


def test_clusters_come_in_pages(actors, company):
    created = [PersonFactory(company=company, email=f"{n // 2}@example.com") for n in range(6)]

    page = clusters(actors.viewer, first=2, page=2)

    assert [row["id"] for row in page["data"][0]["people"]] == [str(created[4].pk), str(created[5].pk)]
    assert page["paginatorInfo"] == {"total": 3, "hasMorePages": False}
    assert clusters(actors.viewer, first=1)["paginatorInfo"] == {"total": 3, "hasMorePages": True}
    assert clusters(actors.viewer, first=0)["data"] == []
    assert refusal("{ peopleDuplicates(first: 101) { data { size } } }", actor=actors.viewer)["extensions"][
        "code"
    ] == ("BAD_USER_INPUT")


def test_a_large_cluster_shows_its_oldest_people(actors, company):
    created = [PersonFactory(company=company, email="none@example.com") for _ in range(30)]

    (cluster,) = clusters(actors.viewer)["data"]

    assert [row["id"] for row in cluster["people"]] == [str(row.pk) for row in created[:25]]
    assert cluster["size"] == 30


def test_statements_do_not_depend_on_the_rows(actors, company):
    acme = OrganizationFactory(company=company)

    def fill(number: int) -> None:
        for _ in range(number):
            person(
                actors.agent,
                email=f"{Person.objects.count() // 2}@example.com",
                contacts=phone("+12125550100"),
                organizations_id=[acme.pk],
            )
            OrganizationFactory(company=company)
            LeadFactory(company=company, person=Person.objects.order_by("pk").first())

    queries = {
        "peoples": "{ peoples(first: 100) { data { duplicates { id name } } } }",
        "organizations": "{ organizations(first: 100) { data { duplicates { id name } } } }",
        "leads": "{ leads(first: 100) { data { duplicates { id title } } } }",
        "people": "{ peopleDuplicates { data { people { id contacts { value } } reasons } } }",
        "names": "{ organizationDuplicates { data { organizations { id } } } }",
    }
    taken = []
    for number in (2, 20):
        fill(number)
        counts = {}
        for name, document in queries.items():
            with CaptureQueriesContext(connection) as captured:
                data(document, actor=actors.viewer)
            counts[name] = len(captured)
        taken.append(counts)

    assert taken[0] == taken[1] == {"peoples": 7, "organizations": 3, "leads": 3, "people": 4, "names": 2}
