"""A date of birth lies between 1900 and today, through every door."""

from datetime import date

import pytest

from people.models import Person
from tests.clients import data, refusal
from tests.doors import AdminDoor, GraphQLDoor, ImportDoor
from tests.each_case import each_case
from tests.factories.leads import LeadReceiverFactory
from tests.factories.people import PersonFactory
from tests.module_tenant import made_tenant, tenant
from tests.receivers.delivering import deliver

__all__ = ["made_tenant", "tenant"]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
SAID = "Enter a date of birth between 1900-01-01 and today."
UPDATE = """mutation ($id: ID!, $input: PeopleInput!) {
  updatePeople(id: $id, input: $input) { dob firstname } }"""
IMPORT = "mutation ($input: [PeopleInput!]!) { importPeoples(input: $input) }"
JOB = "query ($uuid: ID!) { importJob(uuid: $uuid) { created errors { row field code message } } }"


@pytest.fixture(params=[GraphQLDoor, AdminDoor, ImportDoor], ids=lambda door: door.name.value)
def door(request, tenant):
    return request.param(tenant)


@pytest.fixture(autouse=True)
def _now(time_machine):
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)


@each_case("day", ["2030-01-01", "2026-03-02", "9999-12-31", "1899-12-31", "1066-10-14"])
def test_refused(door, day):
    assert door.create_person({"firstname": "Jane", "dob": day}).errors == {"dob": [SAID]}
    assert not Person.objects.exists()


@each_case("day", ["0001-01-01", "0050-12-31", "50-12-31", "12/31/1950"])
def test_refused_before_the_rule_is_asked(door, day):
    assert door.create_person({"firstname": "Jane", "dob": day}).errors
    assert not Person.objects.exists()


@each_case("day", ["0001-01-01", "0050-12-31", "0099-12-31"])
def test_years_of_two_digits_are_refused_by_the_field(tenant, day):
    """A year that a form filled up with zeros is a rule of the field, whatever day it is."""
    born = {"firstname": "Jane", "dob": day}
    hired = {"firstname": "Jane", "employment_history": [{"position": "CEO", "start_date": day}]}
    actor = tenant.actors.agent
    create = "mutation ($input: PeopleInput!) { createPeople(input: $input) { id } }"

    refused = [refusal(create, actor=actor, variables={"input": given}) for given in (born, hired)]

    of_birth, of_employment = (error["extensions"]["validation"] for error in refused)
    assert SAID in of_birth["input.dob"]
    assert of_employment == {
        "input.employment_history.0.start_date": ["Expected a year of four digits, such as 2026."]
    }
    assert not Person.objects.exists()


@each_case("day", ["1900-01-01", "1990-12-31", "2000-02-29", "2026-02-28", "2026-03-01"])
def test_accepted(door, day):
    assert door.create_person({"firstname": "Jane", "dob": day}).row.dob == date.fromisoformat(day)


@each_case(
    ("now", "zone", "day", "accepted"),
    [
        ("2026-03-01T12:00:00Z", "Pacific/Auckland", "2026-03-02", True),
        ("2026-03-01T12:00:00Z", "Pacific/Auckland", "2026-03-03", False),
        ("2026-03-01T05:00:00Z", "America/Los_Angeles", "2026-03-01", False),
        ("2026-03-01T05:00:00Z", "America/Los_Angeles", "2026-02-28", True),
        ("2026-03-01T23:59:00Z", None, "2026-03-01", True),
        ("2026-03-01T23:59:00Z", None, "2026-03-02", False),
    ],
)
def test_today_is_that_of_the_company(door, company, time_machine, now, zone, day, accepted):
    type(company).objects.filter(pk=company.pk).update(timezone=zone)
    time_machine.move_to(now, tick=False)

    outcome = door.create_person({"firstname": "Jane", "dob": day})

    assert (outcome.row is not None) is accepted


def test_a_change(actors, company):
    jane = PersonFactory(company=company, firstname="Jane")
    Person.objects.update(dob=date(2030, 1, 1))

    def update(**values):
        return {"id": str(jane.pk), "input": values}

    # A day from before the rule blocks no other change.
    changed = data(UPDATE, actor=actors.agent, variables=update(firstname="Joan"))
    assert changed == {"updatePeople": {"dob": "2030-01-01", "firstname": "Joan"}}
    error = refusal(UPDATE, actor=actors.agent, variables=update(dob="2031-01-01"))
    assert error["extensions"]["validation"] == {"input.dob": [SAID]}
    data(UPDATE, actor=actors.agent, variables=update(dob=None))
    assert Person.objects.get().dob is None


def test_imported_inputs(actors):
    rows = [{"firstname": "A", "dob": "2030-01-01"}, {"firstname": "B", "dob": "1990-01-01"}]
    uuid = data(IMPORT, actor=actors.manager, variables={"input": rows})["importPeoples"]

    job = data(JOB, actor=actors.manager, variables={"uuid": uuid})["importJob"]

    error = {"row": 1, "field": "dob", "code": "VALIDATION", "message": SAID}
    assert job == {"created": 1, "errors": [error]}


@each_case("day", ["2030-01-01", "1890-01-01", "12/31/50"])
def test_a_receiver_refuses_too(company, tenant, day):
    receiver = LeadReceiverFactory(company=company, agent=tenant.users["agent"])

    answer = deliver(receiver, {"title": "Deal", "people": {"firstname": "Jane", "dob": day}})

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["people.dob"]
