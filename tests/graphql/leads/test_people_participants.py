"""addLeadParticipant and removeLeadParticipant for people."""

import pytest
from django.utils import timezone

from crm.models.history import HistoryEntry
from leads.models import Lead, LeadPerson
from people.models import Person
from people.models.relationships import PeopleRelationship
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory
from tests.graphql.leads.operations import invalid, not_found

pytestmark = pytest.mark.django_db

ADD = "mutation($input: LeadsParticipantsInput!) { result: addLeadParticipant(input: $input) }"
REMOVE = "mutation($input: LeadsParticipantsInput!) { result: removeLeadParticipant(input: $input) }"
PEOPLE = """query($id: ID!) { lead(id: $id) {
  people_participants { people { id } relationship { name company { id } } } } }"""


@pytest.fixture
def lead(tenant):
    return LeadFactory(company=tenant.company)


@pytest.fixture
def person(tenant):
    return PersonFactory(company=tenant.company)


@pytest.fixture
def buyer(tenant):
    return PeopleRelationship.objects.create(company=tenant.company, name="Buyer")


def result(document, actor, **values):
    return data(document, actor=actor, variables={"input": values})["result"]


def refused(document, actor, **values):
    return refusal(document, actor=actor, variables={"input": values})["extensions"]


def listed(lead, actor):
    rows = data(PEOPLE, actor=actor, variables={"id": lead.pk})["lead"]["people_participants"]
    return [(row["people"]["id"], row["relationship"] and row["relationship"]["name"]) for row in rows]


def test_people_come_once_change_their_relationship_and_go(lead, person, buyer, actors):
    named = {"lead_id": lead.pk, "people_id": person.pk}

    assert result(ADD, actors.agent, **named) is True
    assert listed(lead, actors.viewer) == [(str(person.pk), None)]
    assert result(ADD, actors.agent, **named, relationship_id=buyer.pk) is True
    assert result(ADD, actors.agent, **named, relationship_id=buyer.pk) is True
    assert listed(lead, actors.viewer) == [(str(person.pk), "Buyer")]
    assert result(REMOVE, actors.agent, **named) is True
    assert listed(lead, actors.viewer) == []
    assert refused(REMOVE, actors.agent, **named) == not_found("input.people_id")
    assert Lead.objects.get().version == 4
    errors = [entry.changes["people_participants"] for entry in HistoryEntry.objects.order_by("pk")]
    assert errors == [
        [[], [str(person)]],
        [[str(person)], [f"{person} (Buyer)"]],
        [[f"{person} (Buyer)"], []],
    ]


def test_a_deleted_person_is_left_out(lead, person, actors):
    result(ADD, actors.agent, lead_id=lead.pk, people_id=person.pk)
    Person.objects.update(deleted_at=timezone.now())

    assert listed(lead, actors.viewer) == []


@pytest.mark.parametrize("document", [ADD, REMOVE], ids=["add", "remove"])
def test_refused_people(lead, person, tenant, actors, other_tenant, document):
    foreign = PersonFactory(company=other_tenant.company)
    user = tenant.users["agent"].pk
    both = {"lead_id": lead.pk, "people_id": person.pk, "user_id": user}

    assert refused(document, actors.agent, lead_id=lead.pk, people_id=foreign.pk) == not_found(
        "input.people_id"
    )
    assert refused(document, actors.agent, **both) == invalid(
        people_id="Give user_id or people_id, not both."
    )
    assert refused(document, actors.viewer, lead_id=lead.pk, people_id=person.pk) == {"code": "FORBIDDEN"}
    assert LeadPerson.objects.count() == 0


def test_another_companys_relationship_does_not_exist(lead, person, actors, other_tenant):
    foreign = PeopleRelationship.objects.create(company=other_tenant.company, name="Buyer")
    named = {"lead_id": lead.pk, "people_id": person.pk, "relationship_id": foreign.pk}

    assert refused(ADD, actors.agent, **named) == not_found("input.relationship_id")
    assert LeadPerson.objects.count() == 0
