"""A change of who belongs to which organization is a new version of both, through every door."""

from functools import partial
from typing import Any

import pytest

from crm.actors import Door
from crm.models.history import HistoryEntry
from leads.models import LeadReceiver
from leads.services.receiver_attempts import receive
from people.imports import PersonImport
from people.models import Organization, Person
from people.services.merging import merge
from people.services.organizations import create_organization
from people.services.people import create_person
from people.services.unmerging import undo_merge
from tests.clients import data, refusal
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.statements import statements
from tests.versions.answers import read_answers, wrong_versions

pytestmark = pytest.mark.django_db

ADD = """mutation ($organization: ID!, $people: [ID!]) { addPeopleToOrganization(
  input: {organization_id: $organization, peoples_id: $people}) { version people_count } }"""
REMOVE = """mutation ($organization: ID!, $people: [ID!]) { removePeopleFromOrganization(
  input: {organization_id: $organization, peoples_id: $people}) }"""


@pytest.fixture
def acme(company):
    return OrganizationFactory(company=company, name="Acme")


def change(document: str, acme: Organization, *people: Person, actor: Any) -> Any:
    variables = {"organization": acme.pk, "people": [person.pk for person in people]}
    return data(document, actor=actor, variables=variables)


def versions(*rows: Any) -> list[int]:
    for row in rows:
        row.refresh_from_db()
    return [row.version for row in rows]


def last_change(record: Any) -> dict[str, Any]:
    entry = HistoryEntry.objects.filter(object_id=record.pk, content_type__model=record._meta.model_name)
    changes: dict[str, Any] = entry.latest("pk").changes
    return changes


def test_whoever_joins_or_leaves_has_a_new_version_and_so_has_the_organization(actors, company, acme):
    jane, john, stays = (PersonFactory(company=company, firstname=name) for name in ("Jane", "John", "Sue"))
    before = acme.updated_at, jane.updated_at
    change(ADD, acme, stays, actor=actors.agent)

    answer = change(ADD, acme, jane, stays, john, jane, actor=actors.agent)["addPeopleToOrganization"]

    assert answer == {"version": 3, "people_count": 3}
    assert versions(acme, jane, john, stays) == [3, 2, 2, 2]
    assert (acme.updated_at, jane.updated_at) > before
    assert last_change(acme) == {"people": [[], sorted([str(jane), str(john)])]}
    assert last_change(jane) == {"organizations": [[], ["Acme"]]}

    change(REMOVE, acme, jane, actor=actors.agent)
    change(REMOVE, acme, jane, actor=actors.agent)

    assert versions(acme, jane, john, stays) == [4, 3, 2, 2]
    assert last_change(acme) == {"people": [[str(jane)], []]}
    assert last_change(jane) == {"organizations": [["Acme"], []]}


def test_a_client_that_holds_the_old_version_is_refused(actors, company, acme):
    jane = PersonFactory(company=company)
    change(ADD, acme, jane, actor=actors.agent)

    for mutation, row in (("updateOrganization", acme), ("updatePeople", jane)):
        values = "name: " if mutation == "updateOrganization" else "firstname: "
        document = (
            f'mutation {{ {mutation}(id: {row.pk}, input: {{{values}"New"}}, expected_version: 1) {{ id }} }}'
        )
        error = refusal(document, actor=actors.agent)
        assert (error["extensions"]["code"], error["extensions"]["current_version"]) == ("CONFLICT", 2)


def test_the_number_of_statements_does_not_grow_with_the_people(actors, company, acme):
    few, many = ([PersonFactory(company=company) for _ in range(number)] for number in (2, 40))

    for document in (ADD, REMOVE):
        counts = [
            len(statements(partial(change, document, acme, *people, actor=actors.agent)))
            for people in (few, many)
        ]
        assert counts[0] == counts[1], document


def test_an_organization_named_with_its_person_in_any_input_has_a_new_version(actors, company, acme):
    jane = create_person({"firstname": "Jane"}, actor=actors.agent)
    receiver = LeadReceiver.objects.default_of(company.pk).get()
    position = f'{{position: "CEO", organizations_id: {acme.pk}}}'

    create_person({"firstname": "New", "organizations_id": [acme.pk]}, actor=actors.agent)
    assert versions(acme) == [2]
    data(
        f"mutation {{ updatePeople(id: {jane.pk}, input: {{employment_history: [{position}]}}) {{ id }} }}",
        actor=actors.agent,
    )
    assert versions(acme, jane) == [3, 2]
    PersonImport(actors.manager.through(Door.IMPORT)).store({"firstname": "New", "organization": "Acme"})
    assert versions(acme) == [4]
    receive(receiver, {"firstname": "New", "company": "Acme"}, key=None)
    assert versions(acme) == [5]
    # The same again tells nobody anything.
    data(
        f'mutation {{ updatePeople(id: {jane.pk}, input: {{organization: "Acme"}}) {{ id }} }}',
        actor=actors.agent,
    )
    assert versions(acme, jane) == [5, 2]


def test_a_position_brings_its_organization_back(actors, acme):
    position: Any = [{"position": "CEO", "organizations_id": acme.pk}]
    jane = create_person({"firstname": "Jane", "employment_history": position}, actor=actors.agent)
    change(REMOVE, acme, jane, actor=actors.agent)
    [employment] = jane.employments.all()
    before = versions(acme, jane)

    # The position itself stays as it is; the person is in the organization again.
    data(
        f"mutation {{ updatePeopleEmploymentHistory(id: {employment.pk},"
        f" input: {{organizations_id: {acme.pk}}}) {{ id }} }}",
        actor=actors.agent,
    )

    assert list(jane.organizations.all()) == [acme]
    assert versions(acme, jane) == [number + 1 for number in before]


@pytest.mark.parametrize("model", [Person, Organization])
def test_a_merge_and_its_undoing_count_for_everybody_linked(actors, model):
    admin = actors.admin
    organizations = [create_organization({"name": f"Acme {number}"}, actor=admin) for number in range(3)]
    people = [
        create_person(
            {
                "firstname": f"Jane {number}",
                "organizations_id": [row.pk for row in organizations[: number + 1]],
                "employment_history": [
                    {"position": "CEO", "organizations_id": organizations[place].pk} for place in (0, 1)
                ],
            },
            actor=admin,
        )
        for number in range(3)
    ]
    winner, loser, _other = people if model is Person else organizations
    before = read_answers()

    _, done = merge(model, winner.pk, [loser.pk], actor=admin)
    merged = read_answers()
    undo_merge(done.pk, actor=admin)
    undone = read_answers()

    # A merge is a change of its winner by itself.
    name = f"{model.__name__} {winner.pk}"
    of_winner = {f"{name} has a new {what} without a change" for what in ("version", "time")}
    for wrong in (wrong_versions(before, merged), wrong_versions(merged, undone)):
        assert set(wrong) <= of_winner
    changed = {name for name, key in before.keys() & merged.keys() if before[name, key] != merged[name, key]}
    assert changed == {"Person", "Organization"}
