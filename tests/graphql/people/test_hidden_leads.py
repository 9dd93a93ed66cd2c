"""Leads that the actor may not see: merges of their people count without them, deletions leave them."""

from dataclasses import replace
from typing import Any

import pytest
from django.urls import reverse

from crm.models.events import Event
from crm.models.history import HistoryEntry
from leads.models import Lead
from leads.services.involvement import add_person
from leads.services.leads import create_lead, delete_lead
from people.models import Organization, Person
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.admin.conftest import signed_in
from tests.clients import data

__all__ = ["signed_in"]
pytestmark = pytest.mark.django_db

PREVIEW = """query ($id: ID!, $others: [ID!]!) { preview: previewMerge%s(id: $id, duplicates_id: $others) {
  has_hidden moves { relation moved dropped } } }"""
DELETE = {Person: "deletePeople", Organization: "deleteOrganization"}
RESTORE = {Person: "restorePeople", Organization: "restoreOrganization"}


@pytest.fixture
def agent(tenant):
    """An agent of a company that shows members only their own leads."""
    tenant.company.lead_visibility = "OWN"
    tenant.company.save()
    return replace(tenant.actors.agent, company_sees_all_leads=False)


def made(model: type[Any], actor: Any) -> Any:
    if model is Person:
        return create_person({"firstname": "Jane"}, actor=actor)
    return create_organization({"name": "Acme"}, actor=actor)


def lead_of(record: Any, owner: Any, actor: Any) -> Lead:
    relation = "people_id" if isinstance(record, Person) else "organization_id"
    values: Any = {"title": "Deal", relation: record.pk, "leads_owner_id": owner.user_id}
    return create_lead(values, actor=actor)


def preview(model: type[Any], actor: Any, winner: Any, loser: Any) -> Any:
    name = "People" if model is Person else "Organizations"
    variables = {"id": winner.pk, "others": [loser.pk]}
    shown = data(PREVIEW % name, actor=actor, variables=variables)["preview"]
    return shown["has_hidden"], {row["relation"]: row["moved"] + row["dropped"] for row in shown["moves"]}


@pytest.mark.parametrize("model", [Person, Organization])
def test_a_preview_counts_what_the_actor_sees_and_says_that_there_is_more(tenant, actors, agent, model):
    winner, loser = made(model, actors.manager), made(model, actors.manager)
    history = {"history": 1}
    assert preview(model, agent, winner, loser) == (False, history)

    lead_of(loser, actors.colleague, actors.manager)
    assert preview(model, agent, winner, loser) == (True, history)
    mine, gone = (lead_of(loser, agent, actors.manager) for _ in range(2))
    delete_lead(gone.pk, actor=actors.manager)
    # A deleted lead that the agent would see moves too, and is no secret.
    assert preview(model, agent, winner, loser) == (True, {**history, "leads": 2})
    assert preview(model, actors.manager, winner, loser) == (False, {**history, "leads": 3})
    assert Lead.objects.filter(pk=mine.pk).exists()


def test_a_part_in_a_hidden_lead_is_not_counted_whether_it_moves_or_is_dropped(tenant, actors, agent):
    winner, loser = made(Person, actors.manager), made(Person, actors.manager)
    other = made(Person, actors.manager)
    hidden, shared, mine = (
        lead_of(other, owner, actors.manager) for owner in (actors.colleague, actors.colleague, agent)
    )
    for lead in (hidden, shared, mine):
        add_person(lead.pk, loser.pk, actor=actors.manager)
    add_person(shared.pk, winner.pk, actor=actors.manager)

    has_hidden, moves = preview(Person, agent, winner, loser)
    _, of_all = preview(Person, actors.manager, winner, loser)

    label = next(name for name in of_all if of_all[name] == 3)
    assert (has_hidden, moves[label]) == (True, 1)


def test_the_page_of_a_merge_does_not_count_hidden_leads(signed_in, tenant, actors, agent):
    winner, loser = made(Person, actors.manager), made(Person, actors.manager)
    lead_of(loser, actors.colleague, actors.manager)
    form = {"action": "merge_selected", "_selected_action": [winner.pk, loser.pk], "winner": winner.pk}

    pages = {
        member: signed_in(member).post(reverse("admin:people_person_changelist"), form).content.decode()
        for member in ("agent", "manager")
    }

    assert "leads: 1 moved" not in pages["agent"]
    assert "Leads that you may not see move too." in pages["agent"]
    assert "leads: 1 moved" in pages["manager"]
    assert "Leads that you may not see move too." not in pages["manager"]


def untouched(lead: Lead) -> Any:
    """Return the row of a lead and the number of its history entries."""
    columns = {field.attname: field for field in Lead._meta.concrete_fields}
    [row] = Lead._base_manager.filter(pk=lead.pk).values(*columns)
    history = HistoryEntry.objects.filter(object_id=lead.pk, content_type__model="lead")
    return row, history.count()


@pytest.mark.parametrize("model", [Person, Organization])
def test_an_agents_deletion_leaves_leads_as_they_are(tenant, actors, agent, model):
    record = made(model, actors.manager)
    hidden, seen = lead_of(record, actors.colleague, actors.manager), lead_of(record, agent, actors.manager)
    before = untouched(hidden), untouched(seen)
    last = Event.objects.latest("pk").pk
    link = "people" if model is Person else "organization"
    query = f"{{ lead(id: {hidden.pk}) {{ title version updated_at {link} {{ id }} }} }}"
    answer = data(query, actor=actors.manager)["lead"]

    data(f"mutation {{ {DELETE[model]}(id: {record.pk}) }}", actor=agent)

    assert (untouched(hidden), untouched(seen)) == before
    # The deletion itself, and nothing of the leads.
    assert list(Event.objects.filter(pk__gt=last).values_list("kind", flat=True)) == ["deleted"]
    # The link is all that reads otherwise.
    assert data(query, actor=actors.manager)["lead"] == {**answer, link: None}

    data(f"mutation {{ {RESTORE[model]}(id: {record.pk}) }}", actor=agent)

    assert data(query, actor=actors.manager)["lead"] == answer


@pytest.mark.parametrize("model", [Person, Organization])
def test_a_deletion_in_the_admin_leaves_them_too(signed_in, tenant, actors, agent, model):
    record = made(model, actors.manager)
    hidden = lead_of(record, actors.colleague, actors.manager)
    before = untouched(hidden)
    address = reverse(f"admin:people_{model._meta.model_name}_delete", args=[record.pk])

    answer = signed_in("agent").post(address, {"post": "yes"})

    assert answer.status_code == 302
    assert not model.objects.visible_to(agent).filter(pk=record.pk).exists()
    assert untouched(hidden) == before
