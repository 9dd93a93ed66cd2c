"""The timelines of people and organizations show what was logged on their leads."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.admin.timeline import SHOWN
from crm.services.activities import complete_task, create_activity
from leads.services.involvement import add_person
from leads.services.leads import create_lead, delete_lead
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.admin.rows import page

pytestmark = pytest.mark.django_db


@pytest.fixture
def jane(actors):
    return create_person({"firstname": "Jane"}, actor=actors.agent)


@pytest.fixture
def acme(actors):
    return create_organization({"name": "Acme"}, actor=actors.agent)


def log(record, kind, text, actor, **values):
    about: Any = {"entity_type": record.entity_kind, "entity_id": record.pk, "kind": kind}
    said = {"text": text} if kind == "NOTE" else {"subject": text}
    given: Any = {**about, **said, **values}
    return create_activity(given, actor=actor)


def make_lead(title, actor, **values):
    given: Any = {"title": title, **values}
    return create_lead(given, actor=actor)


def address(record):
    return reverse(page(record, "change"), args=[record.pk])


def told(answer):
    """Return what the entries that are no changes of the record say, and about which lead."""
    rows = [row for row in answer.context["timeline"] if row["entry"].activity]
    return [(row["title"], row["text"], str(row["entry"].about or "")) for row in rows]


def test_pages_show_what_was_logged_on_leads_in_one_order(jane, acme, actors, signed_in):
    deal = make_lead("Deal", actors.agent, people_id=jane.pk, organization_id=acme.pk)
    named = create_lead({"title": "Named", "organization_id": acme.pk}, actor=actors.agent)
    add_person(named.pk, jane.pk, actor=actors.agent)
    other = create_lead({"title": "Other"}, actor=actors.agent)
    log(deal, "CALL", "On the deal", actors.agent)
    log(jane, "NOTE", "On Jane", actors.agent)
    task = log(named, "TASK", "On the other deal", actors.agent, due_at=datetime(2031, 1, 2, tzinfo=UTC))
    log(other, "NOTE", "On a lead of nobody", actors.agent)
    client = signed_in("agent")

    shown = client.get(address(jane))

    on_leads = [("Task", "On the other deal", "Named"), ("Call", "On the deal", "Deal")]
    assert told(shown) == [on_leads[0], ("Note", "On Jane", ""), on_leads[1]]
    assert told(client.get(address(acme))) == on_leads
    assert f'<a href="{address(named)}">Named</a>' in shown.content.decode()
    [following] = [fact for fact in shown.context["facts"] if fact.label == "Next activity"]
    assert (following.address, following.text[-17:]) == (address(task), "On the other deal")
    without = client.get(address(jane), {"leads": "no"})
    assert told(without) == [("Note", "On Jane", "")]
    # A lead's own page has no others.
    assert "With leads" not in client.get(address(deal)).content.decode()

    done = client.post(
        reverse("admin:crm_activity_done", args=[task.pk]), {"next": shown.context["timeline_here"]}
    )
    assert done.url == address(jane)
    assert told(client.get(address(jane)))[0] == ("Task done", "On the other deal", "Named")


def test_pages_show_nothing_of_leads_that_the_member_does_not_see(jane, acme, actors, signed_in, tenant):
    shared = {"people_id": jane.pk, "organization_id": acme.pk}
    owned = {"leads_owner_id": tenant.users["agent"].pk, **shared}
    log(make_lead("Hidden", actors.agent, **owned), "TASK", "Secret", actors.agent)
    gone = make_lead("Gone", actors.agent, **owned)
    log(gone, "TASK", "Of a deleted lead", actors.agent)
    delete_lead(gone.pk, actor=actors.agent)
    tenant.company.lead_visibility = "OWN"
    tenant.company.save(update_fields=["lead_visibility"])

    for record in (jane, acme):
        stranger = signed_in("colleague").get(address(record))
        assert told(stranger) == []
        assert [fact.text for fact in stranger.context["facts"] if fact.label == "Next activity"] == []
        assert told(signed_in("agent").get(address(record))) == [("Task", "Secret", "Hidden")]


def test_older_entries_have_pages(jane, actors, signed_in):
    lead = create_lead({"title": "Deal", "people_id": jane.pk}, actor=actors.agent)
    for number in range(SHOWN + 2):
        log(lead, "NOTE", f"Note {number}", actors.agent)
    client = signed_in("agent")

    first = client.get(address(jane))
    second = client.get(address(jane) + first.context["timeline_older"])

    assert [text for _title, text, _lead in told(first)] == [f"Note {n}" for n in range(SHOWN + 1, 1, -1)]
    assert [text for _title, text, _lead in told(second)] == ["Note 1", "Note 0"]
    assert (second.context["timeline_older"], second.context["timeline_newer"]) == ("", "?entries=1")
    assert client.get(address(jane), {"entries": "none"}).context["timeline_newer"] == ""
    # The choice goes along.
    for number in range(SHOWN + 1):
        log(jane, "NOTE", f"Own {number}", actors.agent)
    own = client.get(address(jane), {"leads": "no"})
    assert own.context["timeline_older"] == "?leads=no&entries=2"


def test_statements_do_not_grow_with_leads_and_their_entries(jane, acme, actors, signed_in):
    client = signed_in("agent")

    def statements(record, number):
        for _ in range(number):
            shared = {"people_id": jane.pk, "organization_id": acme.pk}
            lead = make_lead("Deal", actors.agent, **shared)
            complete_task(log(lead, "TASK", "Call", actors.agent).pk, actor=actors.agent)
        with CaptureQueriesContext(connection) as queries:
            client.get(address(record))
        return len(queries)

    for record in (jane, acme):
        statements(record, 1)
        assert statements(record, 1) == statements(record, 10)


def test_of_very_many_leads_those_that_were_worked_on_last_are_shown(acme, actors, signed_in, monkeypatch):
    monkeypatch.setattr("leads.services.record_leads.MOST_LEADS", 2)
    leads = [
        create_lead({"title": title, "organization_id": acme.pk}, actor=actors.agent)
        for title in ("First", "Second", "Third")
    ]
    client = signed_in("agent")
    for lead in reversed(leads):
        log(lead, "NOTE", f"About {lead}", actors.agent)

    cut = client.get(address(acme))
    delete_lead(leads[0].pk, actor=actors.agent)
    whole = client.get(address(acme))

    assert told(cut) == [("Note", "About First", "First"), ("Note", "About Second", "Second")]
    sentence = "Of the 2 leads that were worked on last."
    assert [sentence in answer.content.decode() for answer in (cut, whole)] == [True, False]
