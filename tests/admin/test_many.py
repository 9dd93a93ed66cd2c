"""Changing many rows of a list page at once."""

import csv
from typing import Any

import pytest
from django.urls import reverse

from crm.admin import many
from crm.models import HistoryEntry
from leads.models import Lead, LeadLostReason, LeadStatus
from people.models import Person
from tests.admin.conftest import sentences_of
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory
from tests.factories.pipelines import StageFactory

LEADS, PEOPLE = "/admin/leads/lead/", "/admin/people/person/"


def chosen(rows: Any, **fields: Any) -> dict[str, Any]:
    return {"action": "change_selected", "_selected_action": [row.pk for row in rows], **fields}


def apply(client: Any, rows: Any, address: str = LEADS, **fields: Any) -> Any:
    posted = {"apply": "1", "expected_count": len(rows), **fields}
    return client.post(address, chosen(rows, **posted), follow=True)


def keys(rows: Any) -> list[int]:
    return [row.pk for row in rows]


def names(row: Any) -> set[str]:
    return {tag.name for tag in row.tags.all()}


@pytest.fixture
def leads(tenant: Any) -> list[Lead]:
    return [LeadFactory(company=tenant.company, title=f"Lead {number}") for number in range(3)]


def test_the_chosen_rows_are_shown_before_anything_changes(signed_in, leads):
    response = signed_in("agent").post(LEADS, chosen(leads[:2]))

    page = response.content.decode()
    assert "<h2>2 leads</h2>" in page
    assert "Lead 0" in page
    assert "Lead 2" not in page
    assert 'value="Change 2"' in page
    assert set(Lead.objects.values_list("version", flat=True)) == {leads[0].version}


def test_leads_get_owner_stage_and_tags(signed_in, tenant, leads):
    leads[0].tags.add(*(TagFactory(company=tenant.company, name=name) for name in ("Cold", "EU")))
    colleague, client = tenant.users["colleague"], signed_in("agent")
    stage = StageFactory(company=tenant.company, pipeline=leads[0].pipeline)
    other = LeadFactory(company=tenant.company)

    response = apply(
        client, leads, owner=colleague.pk, stage=stage.pk, add_tags="Fair, fair, eu", remove_tags="cold"
    )

    assert sentences_of(response) == ["Changed 3 leads."]
    for lead in leads:
        lead.refresh_from_db()
        assert (lead.owner, lead.stage, names(lead)) == (colleague, stage, {"Fair", "EU"})
        # All of it is one change.
        [entry] = HistoryEntry.objects.filter(object_id=lead.pk, content_type__model="lead")
        assert {"owner", "tags"} <= entry.changes.keys()
    other.refresh_from_db()
    assert other.owner != colleague
    assert sentences_of(apply(client, leads, owner=colleague.pk)) == ["Changed 0 leads. 3 had it already."]
    apply(client, leads, owner="nobody")
    assert set(Lead.objects.filter(pk__in=keys(leads)).values_list("owner", flat=True)) == {None}


def test_leads_are_lost_with_a_reason(signed_in, tenant, leads):
    lost = LeadStatus.objects.get(company=tenant.company, name="Lost")
    reason = LeadLostReason.objects.create(company=tenant.company, name="Too dear")
    client = signed_in("agent")

    refused = apply(client, leads, lost_reason=reason.pk)
    assert refused.context["form"].errors == {
        "lost_reason": ["Only lost leads have a reason: choose the status too."]
    }

    apply(client, leads, status=lost.pk, lost_reason=reason.pk, reason_lost="No budget")
    assert {
        (lead.status, lead.lost_reason, lead.reason_lost) for lead in Lead.objects.filter(pk__in=keys(leads))
    } == {(lost, reason, "No budget")}


def test_nothing_is_changed_without_a_change_or_for_other_rows_than_shown(signed_in, tenant, leads):
    client = signed_in("agent")

    assert "all fields are empty" in str(apply(client, leads).context["form"].errors)
    stale = apply(client, leads, owner="nobody", expected_count="2")
    assert stale.context["form"].errors == {"__all__": ["3 match now, not 2: look again before you apply."]}
    unknown = apply(client, leads, remove_tags="Nowhere")
    assert unknown.context["form"].errors == {"remove_tags": ["There is no tag Nowhere."]}
    assert set(Lead.objects.values_list("version", flat=True)) == {leads[0].version}


def test_all_rows_of_a_filter_are_changed_in_batches(signed_in, tenant, leads, monkeypatch):
    monkeypatch.setattr(many, "BATCH", 2)
    Lead.objects.update(owner=tenant.users["agent"])
    # The change takes the leads out of the filter that it goes by.
    mine = f"{LEADS}?owned=mine"
    client = signed_in("agent")
    sent = chosen(leads[:1], select_across="1", apply="1", expected_count="3", owner="nobody")

    page = client.post(mine, sent)
    assert "2 of 3 leads are done." in page.content.decode()
    progress = page.context["progress"].text()
    last = client.post(mine, {**sent, "progress": progress, "expected_count": ""}, follow=True)

    assert sentences_of(last) == ["Changed 3 leads."]
    assert not Lead.objects.filter(owner__isnull=False).exists()


def test_refused_rows_are_listed_and_can_be_downloaded(signed_in, tenant, leads, monkeypatch):
    full = leads[1]
    full.tags.add(*(TagFactory(company=tenant.company) for _ in range(250)))
    client = signed_in("agent")

    page = apply(client, leads, add_tags="Fair")

    content = page.content.decode()
    assert "2 changed, 0 had it already, 1 refused." in content
    assert reverse("admin:leads_lead_change", args=[full.pk]) in content
    assert "Fair" not in names(full)
    assert "Fair" in names(leads[2])
    carried = page.context["progress"].text()
    file = client.post(LEADS, chosen(leads, refused="1", progress=carried))
    [header, row] = csv.reader(file.content.decode().splitlines())
    assert (header, row[0]) == (["id", "code", "field", "message"], str(full.pk))
    assert "250" in row[3]


def test_tags_of_many_people_are_changed(signed_in, tenant):
    people = [PersonFactory(company=tenant.company) for _ in range(2)]
    people[0].tags.add(TagFactory(company=tenant.company, name="Cold"))

    response = apply(signed_in("agent"), people, PEOPLE, add_tags="Fair", remove_tags="Cold")

    assert sentences_of(response) == ["Changed 2 people."]
    assert [names(person) for person in Person.objects.filter(pk__in=keys(people))] == [{"Fair"}, {"Fair"}]


def test_viewers_change_nothing_and_foreign_rows_do_not_exist(signed_in, tenant, other_tenant, leads):
    foreign = LeadFactory(company=other_tenant.company)

    apply(signed_in("viewer"), leads, owner="nobody")
    response = apply(signed_in("agent"), [foreign], owner="nobody", expected_count="0")

    assert sentences_of(response) == ["Changed 0 leads."]
    assert Lead.objects.get(pk=foreign.pk).version == foreign.version
    assert set(Lead.objects.filter(pk__in=keys(leads)).values_list("version", flat=True)) == {
        leads[0].version
    }
