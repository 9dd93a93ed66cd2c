"""Organizations and the people in them."""

import pytest

from people.models import Organization
from tests.clients import data, refusal
from tests.factories.people import OrganizationFactory, PersonFactory

pytestmark = pytest.mark.django_db

UPDATE = """mutation ($id: ID!, $input: OrganizationInput!, $version: Int) {
  updateOrganization(id: $id, input: $input, expected_version: $version) { name address city version }
}"""


def test_the_same_name_is_always_a_new_row(actors):
    document = 'mutation { createOrganization(input: {name: "Acme"}) { id } }'

    first, second = (data(document, actor=actors.agent)["createOrganization"]["id"] for _ in range(2))

    assert first != second


@pytest.mark.parametrize("name", ['""', '"  "', "null"])
def test_a_name_is_required(actors, name):
    error = refusal(
        f"mutation {{ createOrganization(input: {{name: {name}}}) {{ id }} }}", actor=actors.agent
    )

    assert list(error["extensions"]["validation"]) == ["input.name"]
    assert not Organization.objects.exists()


def test_partial_update_and_versions(actors, company):
    acme = OrganizationFactory(company=company, name="Acme", address="Main St", city="Lyon")

    def update(version, **values):
        variables = {"id": str(acme.uuid), "input": values, "version": version}
        return data(UPDATE, actor=actors.agent, variables=variables)["updateOrganization"]

    assert update(1, city="Paris") == {"name": "Acme", "address": "Main St", "city": "Paris", "version": 2}
    assert update(None, address=None)["address"] is None
    error = refusal(
        UPDATE, actor=actors.agent, variables={"id": acme.pk, "input": {"name": "X"}, "version": 1}
    )
    assert error["extensions"] == {"code": "CONFLICT", "reason": "VERSION", "current_version": 3}


def test_people_join_and_leave(actors, company):
    acme = OrganizationFactory(company=company)
    jane, john = PersonFactory(company=company), PersonFactory(company=company)
    both = f"{{organization_id: {acme.pk}, peoples_id: [{jane.pk}, {john.pk}]}}"
    remove = f"mutation {{ removePeopleFromOrganization(people_id: {jane.pk}, organization_id: {acme.pk}) }}"

    for _ in range(2):
        data(f"mutation {{ addPeopleToOrganization(input: {both}) {{ id }} }}", actor=actors.agent)
    assert set(acme.people.all()) == {jane, john}

    assert data(remove, actor=actors.agent) == {"removePeopleFromOrganization": True}
    assert data(remove, actor=actors.agent) == {"removePeopleFromOrganization": False}
    assert list(acme.people.all()) == [john]


def test_all_people_are_added_or_none(actors, company):
    acme, jane = OrganizationFactory(company=company), PersonFactory(company=company)
    nested = f"{{organization_id: {acme.pk}, peoples_id: [{jane.pk}, 4711]}}"

    error = refusal(f"mutation {{ addPeopleToOrganization(input: {nested}) {{ id }} }}", actor=actors.agent)

    assert error["extensions"]["code"] == "NOT_FOUND"
    assert not acme.people.exists()


def test_flat_and_nested_arguments_exclude_each_other(actors, company):
    acme, jane = OrganizationFactory(company=company), PersonFactory(company=company)
    nested = f"{{organization_id: {acme.pk}, peoples_id: [{jane.pk}]}}"

    error = refusal(
        f"mutation {{ addPeopleToOrganization(people_id: {jane.pk}, input: {nested}) {{ id }} }}",
        actor=actors.agent,
    )

    assert error["extensions"]["code"] == "VALIDATION"
    assert not acme.people.exists()


def test_a_deleted_organization_leaves_the_lists_of_its_people(actors, company):
    acme, jane = OrganizationFactory(company=company, name="Acme"), PersonFactory(company=company)
    acme.people.add(jane)
    read = f"{{ people(id: {jane.pk}) {{ organizations {{ name }} }} }}"

    data(f"mutation {{ deleteOrganization(id: {acme.pk}) }}", actor=actors.agent)
    assert data(read, actor=actors.agent)["people"]["organizations"] == []
    data(f"mutation {{ restoreOrganization(id: {acme.pk}) }}", actor=actors.agent)

    assert data(read, actor=actors.agent)["people"]["organizations"] == [{"name": "Acme"}]
