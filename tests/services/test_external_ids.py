"""External ids: one live record has one, and records are found by them, through every door."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from crm.actors import Door
from crm.authentication import actor_for
from crm.models.companies import LeadVisibility
from leads.models import Lead
from leads.services.leads import create_lead, delete_lead, restore_lead, update_lead
from leads.services.upserting import upsert_lead
from people.models import Organization, Person
from people.services.merging import merge
from people.services.organizations import (
    create_organization,
    delete_organization,
    restore_organization,
    update_organization,
)
from people.services.people import create_person, delete_person, restore_person, update_person
from people.services.unmerging import undo_merge
from people.services.upserting import upsert_organization, upsert_person
from tests.clients import data, refusal
from tests.imports.conftest import importing

pytestmark = pytest.mark.django_db

SERVICES = [
    pytest.param(Person, {"lastname": "Doe"}, create_person, update_person, delete_person, restore_person),
    pytest.param(
        Organization,
        {"name": "Acme"},
        *(create_organization, update_organization, delete_organization, restore_organization),
    ),
    pytest.param(Lead, {"title": "Deal"}, create_lead, update_lead, delete_lead, restore_lead),
]
HUBSPOT = {"external_id": "17", "external_source": "hubspot"}


def given(**values: Any) -> Any:
    """Return an input with the external id 17 of HubSpot, and the values."""
    return {**HUBSPOT, **values}


@pytest.mark.parametrize(("model", "values", "create", "update", "delete", "restore"), SERVICES)
def test_one_live_record_has_an_external_id(actors, model, values, create, update, delete, restore):
    actor = actors.manager
    first = create({**values, "external_id": " 17 ", "external_source": "HubSpot"}, actor=actor)
    other = create({**values, "external_id": "17", "external_source": "pipedrive"}, actor=actor)
    holder = f"The {model._meta.verbose_name} {first.pk} ({first})"
    held = {"external_id": [f"{holder} has this external id of hubspot already."]}

    with pytest.raises(ValidationError) as refused:
        create({**values, **HUBSPOT}, actor=actor)
    assert refused.value.message_dict == held
    with pytest.raises(ValidationError) as refused:
        update(other.pk, HUBSPOT, actor=actor)
    assert refused.value.message_dict == held
    for key, missing in (("external_id", "external_source"), ("external_source", "external_id")):
        with pytest.raises(ValidationError) as refused:
            create({**values, key: "17"}, actor=actor)
        assert list(refused.value.message_dict) == [missing]

    assert (first.external_id, first.external_source) == ("17", "hubspot")
    delete(first.pk, actor=actor)
    taker = create({**values, **HUBSPOT}, actor=actor)
    with pytest.raises(ValidationError, match=f"{taker.pk}.*has this external id"):
        restore(first.pk, actor=actor)
    update(taker.pk, {"external_id": None}, actor=actor)
    taker.refresh_from_db()
    assert (taker.external_id, taker.external_source) == (None, None)
    restore(first.pk, actor=actor)
    assert model.objects.visible_to(actor).filter(**HUBSPOT).get() == first


def test_an_id_of_a_lead_that_one_does_not_see_is_refused_without_its_name(actors, tenant):
    tenant.company.lead_visibility = LeadVisibility.OWN
    tenant.company.save()
    agent = actor_for(tenant.users["agent"], tenant.company, door=Door.GRAPHQL)
    create_lead(given(title="Secret"), actor=actors.manager)

    with pytest.raises(ValidationError) as refused:
        create_lead(given(title="Mine"), actor=agent)

    said = "A lead that you do not see has this external id of hubspot already."
    assert refused.value.message_dict == {"external_id": [said]}


def test_people_are_matched_by_external_id_first(actors):
    actor = actors.manager
    known = upsert_person(given(lastname="Doe", email="doe@example.com"), actor=actor).record

    found = upsert_person(given(lastname="Roe"), actor=actor)
    by_email = upsert_person(
        {"email": "doe@example.com", "external_id": "9", "external_source": "zoho"}, actor=actor
    )

    assert (found.record, found.created, found.matched_on) == (known, False, "EXTERNAL_ID")
    assert (by_email.record, by_email.created, by_email.changed) == (known, False, False)
    document = (
        'mutation { upsertPeople(input: {email: "doe@example.com", external_id: "18",'
        ' external_source: "hubspot"}) { created } }'
    )
    error = refusal(document, actor=actor)
    assert (error["extensions"]["code"], error["extensions"]["keys"]) == (
        "CONFLICT",
        ["EMAIL", "EXTERNAL_ID"],
    )
    known.refresh_from_db()
    assert (known.lastname, known.external_id, known.external_source) == ("Roe", "17", "hubspot")


def test_organizations_are_matched_by_external_id_and_then_by_name(actors):
    actor = actors.manager
    known = upsert_organization(given(name="Acme"), actor=actor).record

    renamed = upsert_organization(given(name="Acme Inc"), actor=actor)
    namesake = upsert_organization(given(name="Acme Inc", external_id="18"), actor=actor)

    assert (renamed.record, renamed.created) == (known, False)
    assert namesake.created
    assert set(Organization.objects.values_list("name", "external_id")) == {
        ("Acme Inc", "17"),
        ("Acme Inc", "18"),
    }


@pytest.mark.parametrize("winner_has_one", [False, True])
def test_a_merge_hands_external_ids_on(actors, winner_has_one):
    actor = actors.manager
    winner = create_person({"lastname": "Doe"}, actor=actor)
    if winner_has_one:
        update_person(winner.pk, given(external_id="1"), actor=actor)
    loser = create_person(given(lastname="Doe"), actor=actor)

    _, done = merge(Person, winner.pk, [loser.pk], actor=actor)
    again = upsert_person(given(lastname="Doe", firstname="Jane"), actor=actor)

    assert (again.record, again.created) == (winner, False)
    winner.refresh_from_db()
    assert winner.external_id == ("1" if winner_has_one else "17")
    with pytest.raises(ValidationError, match=f"{winner.pk}.*has this external id"):
        create_person(given(lastname="Doe"), actor=actor)
    undo_merge(done.pk, actor=actor)
    assert upsert_person(given(lastname="Doe"), actor=actor).record == loser


def test_the_api_writes_reads_and_finds_them(actors):
    created = data(
        'mutation { createPeople(input: {lastname: "Doe", external_id: "a/1", external_source: "Zoho"})'
        " { external_id external_source } createOrganization(input:"
        ' {name: "Acme", external_id: "o1", external_source: "zoho"}) { external_id } createLead(input:'
        ' {title: "Deal", external_id: "d1", external_source: "zoho"}) { external_id } }',
        actor=actors.manager,
    )
    assert created == {
        "createPeople": {"external_id": "a/1", "external_source": "zoho"},
        "createOrganization": {"external_id": "o1"},
        "createLead": {"external_id": "d1"},
    }
    for name, key in (("peoples", "a/1"), ("organizations", "o1"), ("leads", "d1")):
        of_source = '{column: EXTERNAL_SOURCE, operator: EQ, value: "zoho"}'
        of_id = f'{{column: EXTERNAL_ID, operator: EQ, value: "{key}"}}'
        document = f"{{ {name}(where: {{AND: [{of_source}, {of_id}]}}) {{ data {{ external_id }} }} }}"
        listed = data(document, actor=actors.viewer)
        assert listed == {name: {"data": [{"external_id": key}]}}


UPSERT_LEAD = """
mutation ($input: LeadInput!) {
  upsertLead(input: $input) {
    created lead { external_id title version amount tags { name } participants { id } people { email } }
  }
}
"""


def test_leads_are_upserted_by_external_id(actors, tenant):
    def upsert(**values: Any) -> Any:
        return data(UPSERT_LEAD, actor=actors.agent, variables={"input": given(**values)})["upsertLead"]

    participants = [str(tenant.users[name].pk) for name in ("manager", "colleague")]
    created = upsert(
        title="Deal",
        people={"email": "doe@example.com"},
        tags=[{"name": "VIP"}],
        participants_id=participants[:1],
    )
    changed = upsert(amount="12.5", tags=[{"name": "Old"}], participants_id=participants[1:])
    same = upsert(title="Deal")
    namesake = upsert(title="Deal", external_id="18")

    assert [answer["created"] for answer in (created, changed, same, namesake)] == [True, False, False, True]
    assert same["lead"] == changed["lead"]
    assert changed["lead"] | {"participants": None} == {
        "external_id": "17",
        "title": "Deal",
        "version": 2,
        "amount": "12.50",
        "tags": [{"name": "Old"}, {"name": "VIP"}],
        "participants": None,
        "people": {"email": "doe@example.com"},
    }
    assert {row["id"] for row in changed["lead"]["participants"]} == set(participants)
    assert Lead.objects.count() == 2


@pytest.mark.parametrize("missing", ["external_id", "external_source"])
def test_an_upsert_of_a_lead_without_an_external_id_is_refused(actors, missing):
    values = {**given(title="Deal"), missing: " "}

    error = refusal(UPSERT_LEAD, actor=actors.agent, variables={"input": values})

    assert set(error["extensions"]["validation"]) == {f"input.{missing}"}
    assert not Lead.objects.exists()


def test_an_upsert_finds_no_lead_that_one_does_not_see(actors, tenant):
    tenant.company.lead_visibility = LeadVisibility.OWN
    tenant.company.save()
    create_lead(given(title="Secret", leads_owner_id=actors.colleague.user_id), actor=actors.manager)
    agent = actor_for(tenant.users["agent"], tenant.company, door=Door.GRAPHQL)

    error = refusal(UPSERT_LEAD, actor=agent, variables={"input": given(title="Mine")})
    given_away = upsert_lead(given(leads_owner_id=actors.colleague.user_id), actor=actors.manager)

    assert "Secret" not in str(error)
    assert given_away[1] is False


def test_imports_find_records_by_external_id(tenant, tmp_path):
    people = importing("import_people", tenant, tmp_path)
    organizations = importing("import_organizations", tenant, tmp_path)
    head = "lastname,external_id\n"

    update = ("--on-duplicate", "update")
    first = people(head + "Doe,1\nRoe,2\n", "--source", "HubSpot", *update)
    again = people(head + "Doe,1\nPoe,2\n", "--source", "hubspot", *update)
    named = people("lastname,external_id,external_source\nMoe,1,zoho\n")
    of_organizations = [organizations(f"name,external_id\n{name},7\n", *update) for name in ("A", "B")]

    assert [ended.code for ended in (first, again, named, *of_organizations)] == [0] * 5
    assert set(Person.objects.values_list("lastname", "external_id", "external_source")) == {
        ("Doe", "1", "hubspot"),
        ("Poe", "2", "hubspot"),
        ("Moe", "1", "zoho"),
    }
    assert list(Organization.objects.values_list("name", "external_id", "external_source")) == [
        ("B", "7", "import")
    ]
