"""What changes many leads at once is a new version and an event of each, and of nothing else."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.events.audience import Event
from crm.models import Tag
from leads.models import Lead
from leads.services.involvement import add_person
from leads.services.leads import create_lead, delete_lead
from people.services.merging import merge
from people.services.people import create_person
from tests.clients import data

pytestmark = pytest.mark.django_db


@pytest.fixture
def emitted(monkeypatch):
    """The ids of the leads that events are emitted of."""
    keys: list[int] = []

    def keep(events: Sequence[Event]) -> Sequence[Event]:
        keys.extend(event.object_id for event in events if event.entity == "lead")
        return ()

    monkeypatch.setattr("leads.services.events.outbox.emit", keep)
    return keys


def tagged_leads(tenant: Any, number: int) -> list[Lead]:
    values: Any = {
        "title": "Deal",
        "tags": [{"name": "VIP"}],
        "custom_fields": [{"name": "tier", "value": "1"}],
    }
    return [create_lead(values, actor=tenant.actors.agent) for _ in range(number)]


def version_of(lead: Lead) -> int:
    return Lead._base_manager.get(pk=lead.pk).version


def test_deleting_a_tag_is_a_change_of_each_lead_that_had_it(tenant, emitted):
    tagged, deleted, other = (
        *tagged_leads(tenant, 2),
        create_lead({"title": "X"}, actor=tenant.actors.agent),
    )
    delete_lead(deleted.pk, actor=tenant.actors.agent)
    leads = (tagged, deleted, other)
    before = [version_of(lead) for lead in leads]
    emitted.clear()

    data(f"mutation {{ deleteTag(id: {Tag.objects.get().pk}) }}", actor=tenant.actors.manager)

    assert [version_of(lead) for lead in (tagged, deleted, other)] == [
        before[0] + 1,
        before[1] + 1,
        before[2],
    ]
    # Nobody sees the deleted one.
    assert emitted == [tagged.pk]


def test_deleting_a_tag_in_the_admin_is_one_too(signed_in, tenant, emitted):
    [lead] = tagged_leads(tenant, 1)
    client = signed_in("manager")
    emitted.clear()

    address = f"/admin/crm/tag/{Tag.objects.get().pk}/delete/"
    answer = client.post(address, {"post": "yes"})

    assert answer.status_code == 302
    assert (version_of(lead), emitted) == (2, [lead.pk])


def test_a_custom_field_that_is_renamed_is_a_change_of_each_lead_that_has_it(tenant, emitted):
    leads = tagged_leads(tenant, 2)
    other = create_lead({"title": "X"}, actor=tenant.actors.agent)
    emitted.clear()
    field = '{model: LEAD, name: "Tier", kind: NUMBER}'

    data(f"mutation {{ createCustomFieldDefinition(input: {field}) {{ id }} }}", actor=tenant.actors.manager)

    assert [version_of(lead) for lead in (*leads, other)] == [2, 2, 1]
    assert emitted == [lead.pk for lead in leads]


def test_merging_people_is_a_change_of_the_leads_that_they_take_part_in(tenant, emitted):
    actor = tenant.actors.admin
    winner, loser = (create_person({"firstname": "Jane"}, actor=actor) for _ in range(2))
    moved, dropped, other = (create_lead({"title": "Deal"}, actor=actor) for _ in range(3))
    add_person(moved.pk, loser.pk, actor=actor)
    for person in (winner, loser):
        add_person(dropped.pk, person.pk, actor=actor)
    leads = (moved, dropped, other)
    before = [version_of(lead) for lead in leads]
    emitted.clear()

    merge(type(winner), winner.pk, [loser.pk], actor=actor)

    assert [version_of(lead) for lead in leads] == [before[0] + 1, before[1] + 1, before[2]]
    assert emitted == [moved.pk, dropped.pk]


def test_the_number_of_statements_does_not_grow_with_the_leads(tenant):
    def count(number: int) -> int:
        tagged_leads(tenant, number)
        document = f"mutation {{ deleteTag(id: {Tag.objects.get().pk}) }}"
        with CaptureQueriesContext(connection) as captured:
            data(document, actor=tenant.actors.manager)
        return len(captured)

    assert count(2) == count(30)
