"""Undoing a bulk change of a list page."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from crm.admin import undoing
from crm.models import HistoryEntry
from crm.services.bulk_undo import changing
from leads.models import Lead, LeadStatus
from leads.services.leads import delete_lead, update_lead
from people.models import Person
from tests.admin.conftest import sentences_of
from tests.admin.test_many import LEADS, PEOPLE, apply, chosen, names
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.factories.pipelines import StageFactory

ORGANIZATIONS = "/admin/people/organization/"
NO_MORE = "This can no longer be undone here."


def offered(response: Any) -> tuple[str, dict[str, str]]:
    """Return the address and the fields of the form that undoes a change."""
    [form] = [str(each) for each in response.context["messages"] if "<form" in str(each)]
    [address] = re.findall(r'action="([^"]*)"', form)
    fields = re.findall(r'name="([^"]*)" value="([^"]*)"', form)
    return address, {name: html.unescape(value) for name, value in fields}


def undo(client: Any, response: Any) -> list[str]:
    address, fields = offered(response)
    return sentences_of(client.post(address, fields, follow=True))


def delete(client: Any, rows: Any, address: str) -> Any:
    return client.post(address, chosen(rows, action="delete_selected", post="yes"), follow=True)


@pytest.fixture
def leads(tenant: Any) -> list[Lead]:
    agent = tenant.users["agent"]
    return [LeadFactory(company=tenant.company, title=f"Lead {number}", owner=agent) for number in range(3)]


def stored(rows: Any) -> list[Any]:
    found = [Lead.objects.get(pk=row.pk) for row in rows]
    return [
        (lead.owner, lead.stage, lead.status, lead.reason_lost, lead.source, names(lead)) for lead in found
    ]


def test_assigned_moved_tagged_and_closed_leads_are_as_they_were(signed_in, tenant, leads):
    leads[0].tags.add(TagFactory(company=tenant.company, name="Cold"))
    before, client = stored(leads), signed_in("agent")
    lost = LeadStatus.objects.get(company=tenant.company, name="Lost")
    stage = StageFactory(company=tenant.company, pipeline=leads[0].pipeline)
    colleague = tenant.users["colleague"]

    changed = apply(
        client,
        leads,
        owner=colleague.pk,
        stage=stage.pk,
        status=lost.pk,
        reason_lost="No budget",
        add_tags="Fair",
        remove_tags="Cold",
    )
    assert all(row != was for row, was in zip(stored(leads), before, strict=True))
    said = undo(client, changed)

    assert said == ["3 leads are as they were before."]
    assert stored(leads) == before
    # The undo is a change of its own, with its history.
    assert HistoryEntry.objects.filter(object_id=leads[0].pk, content_type__model="lead").count() == 2
    assert undo(client, changed)[0].startswith("3 records stay as they are now.")


def test_the_message_says_whose_the_leads_are(signed_in, tenant, leads):
    colleague = tenant.users["colleague"]

    response = apply(signed_in("agent"), leads, owner=colleague.pk)

    [said] = sentences_of(response)
    assert f"3 leads belong to {colleague} now." in said


def test_what_was_changed_or_deleted_meanwhile_stays(signed_in, tenant, leads):
    client, manager = signed_in("agent"), tenant.actors.manager
    changed = apply(client, leads, owner="nobody")
    update_lead(leads[0].pk, {"title": "Renamed"}, actor=manager)
    delete_lead(leads[1].pk, actor=manager)

    said = undo(client, changed)

    assert said == [
        f"2 records stay as they are now. Renamed: It was changed meanwhile.;"
        f" {leads[1].pk}: It was changed meanwhile.",
        "1 lead is as it was before.",
    ]
    assert Lead.objects.get(pk=leads[0].pk).owner is None
    assert Lead.objects.get(pk=leads[2].pk).owner == tenant.users["agent"]


def test_a_lead_that_was_closed_before_stays_closed(signed_in, tenant, leads):
    statuses = {status.name: status for status in LeadStatus.objects.filter(company=tenant.company)}
    client = signed_in("agent")
    apply(client, leads[:1], status=statuses["Won"].pk)

    said = undo(client, apply(client, leads[:1], status=statuses["Lost"].pk))

    assert said == [
        "1 record stays as it is now. Lead 0: The lead was closed before: choose its status by hand."
    ]
    assert Lead.objects.get(pk=leads[0].pk).status == statuses["Lost"]


@pytest.mark.parametrize(("model", "address"), [(Lead, LEADS), (Person, PEOPLE)])
def test_deleted_and_restored_records(signed_in, tenant, model, address):
    factory = LeadFactory if model is Lead else PersonFactory
    rows = [factory(company=tenant.company) for _ in range(2)]
    client = signed_in("agent")

    undo(client, delete(client, rows, address))
    assert model.objects.filter(pk__in=[row.pk for row in rows], deleted_at=None).count() == 2

    delete(client, rows, address)
    restored = client.post(f"{address}?deleted=1", chosen(rows, action="restore_selected"), follow=True)
    undo(client, restored)
    assert model.objects.filter(pk__in=[row.pk for row in rows], deleted_at=None).count() == 0


def test_tags_of_people(signed_in, tenant):
    people = [PersonFactory(company=tenant.company) for _ in range(2)]
    people[0].tags.add(TagFactory(company=tenant.company, name="Cold"))
    client = signed_in("agent")

    said = undo(client, apply(client, people, PEOPLE, add_tags="Fair", remove_tags="Cold"))

    assert said == ["2 people are as they were before."]
    assert [names(person) for person in people] == [{"Cold"}, set()]


def test_only_the_member_who_changed_it_undoes_it_and_for_an_hour(signed_in, tenant, leads):
    client = signed_in("agent")
    changed = apply(client, leads, owner="nobody")
    address, fields = offered(changed)

    others = signed_in("colleague").post(address, fields, follow=True)
    of_viewer = signed_in("viewer").post(address, fields)
    forged = client.post(address, {**fields, "change": "x"}, follow=True)
    client = signed_in("agent")
    with time_machine.travel(timezone.now() + timedelta(seconds=undoing.LIFETIME + 1), tick=False):
        late = signed_in("agent").post(address, fields, follow=True)

    assert [sentences_of(each)[-1] for each in (others, forged, late)] == [NO_MORE] * 3
    assert of_viewer.status_code == 403
    assert not Lead.objects.filter(owner__isnull=False).exists()


def test_a_large_change_is_undone_in_parts(signed_in, leads, monkeypatch):
    monkeypatch.setattr(undoing, "BATCH", 2)
    client = signed_in("agent")
    changed = apply(client, leads, owner="nobody")

    address, fields = offered(changed)
    part = client.post(address, fields, follow=True)
    rest = undo(client, part)

    assert "2 leads are as they were before. Undo again for the others." in sentences_of(part)[0]
    assert rest == ["1 lead is as it was before."]
    assert not Lead.objects.filter(owner=None).exists()


def test_keys_of_another_company_in_the_form_change_nothing(signed_in, tenant, other_tenant, leads):
    theirs = LeadFactory(company=other_tenant.company, owner=other_tenant.users["agent"])
    client = signed_in("agent")

    response = apply(client, [*leads, theirs], owner="nobody", expected_count=3)
    assert Lead.objects.get(pk=theirs.pk).owner == other_tenant.users["agent"]
    client_of_others = Client()
    other_tenant.users["agent"].is_staff = True
    other_tenant.users["agent"].save()
    client_of_others.force_login(other_tenant.users["agent"])
    address, fields = offered(response)
    others = client_of_others.post(address, fields, follow=True)

    assert sentences_of(others) == [NO_MORE]
    assert not Lead.objects.filter(pk__in=[lead.pk for lead in leads], owner__isnull=False).exists()
    # The same id of a change in the history of another company is another change.
    [change] = {entry.via or "" for entry in HistoryEntry.objects.exclude(via=None)}
    update_lead(theirs.pk, {"leads_owner_id": None}, actor=changing(other_tenant.actors.agent, change))
    assert undo(client, response) == ["3 leads are as they were before."]
    assert Lead.objects.get(pk=theirs.pk).owner is None


def test_organizations(signed_in, tenant):
    rows = [OrganizationFactory(company=tenant.company) for _ in range(2)]
    rows[0].tags.add(TagFactory(company=tenant.company, name="Cold"))
    client = signed_in("agent")

    changed = apply(client, rows, ORGANIZATIONS, add_tags="Fair", remove_tags="Cold")
    assert [names(row) for row in rows] == [{"Fair"}, {"Fair"}]
    said = undo(client, changed)

    assert said == ["2 organizations are as they were before."]
    assert [names(row) for row in rows] == [{"Cold"}, set()]
