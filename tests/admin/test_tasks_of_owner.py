"""The pages say how many open tasks went to the new owner of a lead."""

from typing import Any

import pytest
from django.urls import reverse

from crm.models import Activity
from crm.services.activities import create_activity
from leads.models import Lead
from leads.services.leads import create_lead
from tests.admin.conftest import form_of, sentences_of
from tests.admin.test_many import apply


@pytest.fixture
def leads(tenant: Any) -> list[Lead]:
    """Two leads of an agent, each with two tasks of that agent."""
    agent, made = tenant.users["agent"], []
    for title in ("One", "Two"):
        made.append(create_lead({"title": title, "leads_owner_id": agent.pk}, actor=tenant.actors.agent))
        for _ in range(2):
            about: Any = {"entity_type": "LEAD", "entity_id": made[-1].pk}
            task: Any = about | {"kind": "TASK", "subject": "Offer", "assignee_id": agent.pk}
            create_activity(task, actor=tenant.actors.agent)
    return made


def test_the_form_of_a_lead(signed_in, tenant, leads):
    client, colleague = signed_in("manager"), tenant.users["colleague"]
    address = reverse("admin:leads_lead_change", args=[leads[0].pk])

    response = client.post(address, form_of(client, address, owner=colleague.pk), follow=True)
    again = client.post(address, form_of(client, address, title="Renamed"), follow=True)

    assert "2 open tasks went to the new owner too." in sentences_of(response)
    assert not any("open task" in sentence for sentence in sentences_of(again))
    assert Activity.objects.filter(assignee=colleague).count() == 2


def test_a_bulk_change(signed_in, tenant, leads):
    response = apply(signed_in("manager"), leads, owner=tenant.users["colleague"].pk)

    assert sentences_of(response)[0].startswith(
        "2 leads belong to colleague@tenant now. 4 open tasks went to the new owner too."
    )
