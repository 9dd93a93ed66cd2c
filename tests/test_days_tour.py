"""A day with one deal, from an e-mail to a won lead, as each of its steps is seen in the whole product."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from icalendar import Calendar

from crm.notifications.consuming import prepare, read_log
from crm.services.calendar_feeds import create_feed
from leads.models import Lead
from tests.clients import data
from tests.factories.leads import LeadRotationAgentFactory, LeadRotationFactory
from tests.graphql.leads.conversations import do
from tests.receivers.mails import deliver, mail_receiver, message

pytestmark = pytest.mark.django_db
#: A Wednesday.
MORNING = datetime(2026, 11, 25, 15, tzinfo=UTC)
FORECAST = """{ leadsForecast(from: "2026-11-01", to: "2026-12-31") {
  periods { from sums { currency open weighted won } } undated { currency open } } }"""
DAY = "{ myDay { today { data { id } } this_week { data { id } } new_to_me { data { id } } } }"


class Tour:
    """What the agent sees of the day."""

    def __init__(self, actor: Any, feed: str) -> None:
        self.actor = actor
        self.feed = feed

    def told(self) -> list[str]:
        read_log()
        answer = data("{ notifications { data { kind text } } }", actor=self.actor)
        return [row["kind"] for row in answer["notifications"]["data"]]

    def day(self) -> dict[str, list[str]]:
        return {
            name: [row["id"] for row in found["data"]]
            for name, found in data(DAY, actor=self.actor)["myDay"].items()
        }

    def timeline(self, lead: Lead) -> list[str]:
        """Return the kinds of what happened to a lead, the newest first."""
        document = "query($id: ID!) { timeline(entity_type: LEAD, entity_id: $id) { data { kind } } }"
        rows = data(document, actor=self.actor, variables={"id": str(lead.pk)})["timeline"]["data"]
        return [row["kind"] for row in rows]

    def forecast(self) -> dict[str, Any]:
        found: dict[str, Any] = data(FORECAST, actor=self.actor)["leadsForecast"]
        return {each["from"]: each["sums"] for each in found["periods"]} | {"undated": found["undated"]}

    def calendar(self) -> list[str]:
        answer = Client().get(self.feed)
        return [str(event["SUMMARY"]) for event in Calendar.from_ical(answer.content).walk("VEVENT")]


@pytest.fixture
def tour(tenant, actors, time_machine):
    time_machine.move_to(MORNING, tick=False)
    prepare()
    return Tour(actors.agent, "/" + create_feed(actor=actors.agent)[1].split("/", 3)[3])


def test_a_day_with_one_deal(tenant, actors, tour, time_machine):
    company, agent = tenant.company, tenant.users["agent"]
    company.currency = "EUR"
    company.save()
    rotation = LeadRotationFactory(company=company)
    LeadRotationAgentFactory(rotation=rotation, user=agent, percent=100)
    receiver = mail_receiver(company, rotation=rotation, creates_leads=True)

    # Somebody unknown writes: a lead is made, given to the agent by the rotation, and shown as new.
    mail = message(receiver, text="What would forty licences cost?")
    attempt = deliver(receiver, mail.replace(b"Fri, 27 Nov", b"Wed, 25 Nov"))

    lead = Lead.objects.get()
    assert (attempt.status, attempt.lead, lead.title, lead.owner) == ("PROCESSED", lead, "Question", agent)
    assert lead.person is not None
    assert tour.told() == ["LEAD_ASSIGNED"]
    assert tour.day() == {"today": [], "this_week": [], "new_to_me": [str(lead.pk)]}
    assert {"EMAIL", "CREATED"} <= set(tour.timeline(lead))

    # The agent calls: the lead is no longer new.
    noon = MORNING + timedelta(hours=1)
    time_machine.move_to(noon, tick=False)
    about = {"entity_type": "LEAD", "entity_id": str(lead.pk)}
    call = {"kind": "CALL", "subject": "Needs", "minutes": 10, "direction": "OUT", "outcome": "Interested"}
    do("createActivity", actors.agent, input=about | call | {"starts_at": noon.isoformat()})

    assert tour.day()["new_to_me"] == []
    assert "CALL" in tour.timeline(lead)
    lead.refresh_from_db()
    assert (lead.last_activity, lead.last_activity_at) == ("CALL", noon)

    # The deal gets an amount in the company's currency and a date: the forecast has it.
    document = """mutation($id: ID!, $input: LeadUpdateInput!) {
      updateLead(id: $id, input: $input) { amount currency probability } }"""
    values = {"amount": "40000.00", "expected_close_on": "2026-12-15", "probability": 50}
    updated = data(document, actor=actors.agent, variables={"id": str(lead.pk), "input": values})
    assert updated["updateLead"] == {"amount": "40000.00", "currency": "EUR", "probability": 50}
    sums = {"currency": "EUR", "open": "40000.00", "weighted": "20000.00", "won": "0.00"}
    assert tour.forecast() == {"2026-11-01": [], "2026-12-01": [sums], "undated": []}

    # A meeting is planned for Friday: in the list of the week and in the calendar.
    friday = (MORNING + timedelta(days=2)).isoformat()
    meeting = {"kind": "MEETING", "subject": "Show the offer", "starts_at": friday, "minutes": 60}
    planned = do("createActivity", actors.agent, input=about | meeting | {"assignee_id": str(agent.pk)})
    assert tour.day()["this_week"] == [planned["id"]]
    assert sorted(tour.calendar()) == ["Needs", "Show the offer"]

    # The lead moves on, and is won on the day of the meeting.
    stages = data("{ pipelines { data { stages { id } } } }", actor=actors.agent)["pipelines"]["data"][0]
    values = {"pipeline_stage_id": stages["stages"][-1]["id"]}
    data(document, actor=actors.agent, variables={"id": str(lead.pk), "input": values})
    time_machine.move_to(MORNING + timedelta(days=2, hours=2), tick=False)
    assert tour.day()["today"] == [planned["id"]]
    won = """mutation($id: ID!) { leadWonOrLost(id: $id, status: Won) { closed_at probability amount } }"""
    closed = data(won, actor=actors.agent, variables={"id": str(lead.pk)})["leadWonOrLost"]
    assert (closed["probability"], closed["amount"]) == (100, "40000.00")
    sums |= {"open": "0.00", "weighted": "0.00", "won": "40000.00"}
    assert tour.forecast() == {"2026-11-01": [sums], "2026-12-01": [], "undated": []}
    assert {"EMAIL", "CALL", "MEETING", "UPDATED", "CREATED"} <= set(tour.timeline(lead))
    # One's own doing is no news.
    assert tour.told() == ["LEAD_ASSIGNED"]
