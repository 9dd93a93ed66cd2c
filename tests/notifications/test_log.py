"""The event log as a source: its position, pruned events, events that cannot be read, and other readers."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.events import journal, outbox, retention
from crm.events.audience import INTERNAL, Event, Rule, rule_for
from crm.events.sequencer import sequence
from crm.models import Event as LoggedEvent
from crm.models import Notification, NotificationSource
from crm.models.webhooks import WebhookDelivery, WebhookEndpoint
from crm.notifications import consuming, sources
from crm.notifications.consuming import LOG, prepare, read_log
from crm.services.activities import create_activity
from crm.webhooks.dispatching import claim_endpoints, dispatch
from crm.webhooks.endpoints import create_endpoint
from leads.services.leads import create_lead
from tests.clients import data
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db


def give(tenant: Any, number: int = 1, member: str = "agent") -> list[Any]:
    values: Any = {"title": "Deal", "leads_owner_id": tenant.users[member].pk}
    return [create_lead(values, actor=tenant.actors.manager) for _ in range(number)]


def position() -> int:
    return NotificationSource.objects.get(name=LOG).position


def test_a_new_installation_begins_with_what_comes(tenant):
    give(tenant)
    sequence()
    prepare()

    assert read_log() == 0
    give(tenant)
    assert (read_log(), read_log()) == (1, 0)
    # Its own events were passed too.
    assert position() == journal.end().seq


@pytest.mark.parametrize("number", [3, 4, 5])
def test_the_log_is_read_in_batches(tenant, told, monkeypatch, number):
    monkeypatch.setattr(consuming, "BATCH", 2)
    give(tenant, number)

    assert read_log() == number
    assert position() == journal.end().seq


def test_a_look_that_finds_nothing_is_two_statements(tenant, told):
    read_log()

    with CaptureQueriesContext(connection) as captured:
        assert read_log() == 0

    assert len(captured) == 2


def test_what_was_pruned_is_passed(tenant, told, caplog):
    give(tenant)
    sequence()
    LoggedEvent.objects.update(created_at="2001-01-01T00:00:00Z")
    retention.prune()
    give(tenant)

    assert read_log() == 1
    assert "Events were pruned before notifications were made of them" in caplog.text
    assert position() == journal.end().seq


def test_an_event_that_cannot_be_read_keeps_no_other(tenant, told, monkeypatch, caplog):
    first, bad, last = give(tenant, 3)
    read = sources.event_readers()["lead"]

    def fail(events: Any) -> Any:
        if any(event.object_id == bad.pk for event in events):
            raise ValueError("broken")
        return read(events)

    monkeypatch.setitem(sources._readers, "lead", fail)

    assert len(told(tenant.users["agent"])) == 2
    assert set(Notification.objects.values_list("object_id", flat=True)) == {first.pk, last.pk}
    assert "is left out: no notifications could be made of it." in caplog.text


def test_a_batch_that_fails_leaves_nothing(tenant, told, monkeypatch):
    give(tenant, 2)
    before = position()

    def fail(*_: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(consuming, "_move", fail)
    with pytest.raises(SystemExit):
        read_log()
    monkeypatch.undo()

    assert (position(), Notification.objects.count()) == (before, 0)
    assert len(told(tenant.users["agent"])) == 2


def test_neither_subscribers_nor_webhooks_are_sent_what_is_for_notifications(tenant, actors, told):
    endpoint, _ = create_endpoint(
        WebhookEndpoint(name="All", url="https://receiver.example.com/"), actor=actors.admin
    )
    start = data("{ leadEvents { cursor } }", actor=actors.admin)["leadEvents"]["cursor"]
    [lead] = give(tenant)
    values: Any = {"entity_type": "LEAD", "entity_id": lead.pk, "text": "@colleague look"}
    create_activity(values, actor=actors.manager)
    told(tenant.users["agent"])
    entities = set(LoggedEvent.objects.values_list("entity", flat=True))
    assert entities == {"lead", "activity", "mention", "notification"}

    found = data(
        "query ($after: ID) { leadEvents(after: $after) { cursor events { kind lead { id } } } }",
        actor=actors.admin,
        variables={"after": start},
    )["leadEvents"]
    [claim] = claim_endpoints(1)
    assert dispatch(claim) is False

    assert [each["lead"]["id"] for each in found["events"]] == [str(lead.pk)] * 2
    assert [each["kind"] for each in found["events"]] == ["created", "updated"]
    assert found["cursor"] == str(journal.end())
    types = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("seq").values_list("type", flat=True)
    assert list(types) == ["lead.created", "lead.updated"]


def test_nobody_but_its_member_is_told_of_a_notification(tenant, actors, told):
    give(tenant)
    told(tenant.users["agent"])
    [row] = LoggedEvent.objects.filter(entity="notification")
    event: Event = journal.to_event(row, "epoch")

    rules = {name: rule_for(event, getattr(actors, name)) for name in ("agent", "colleague", "admin")}

    assert rules == {
        "agent": Rule.SEES_ALL,
        "colleague": Rule.OTHER_MEMBER,
        "admin": Rule.OTHER_MEMBER,
    }
    LoggedEvent.objects.filter(pk=row.pk).update(entity=INTERNAL[0])
    internal = journal.to_event(LoggedEvent.objects.get(pk=row.pk), "epoch")
    assert rule_for(internal, actors.agent) is Rule.INTERNAL


def test_very_many_events_of_one_kind_leave_those_of_others(tenant, told, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_SINGLE", 2)
    with transaction.atomic():
        leads = give(tenant, 4)
        values: Any = {"entity_type": "LEAD", "entity_id": leads[0].pk, "text": "@colleague look"}
        create_activity(values, actor=tenant.actors.manager)

    kinds = LoggedEvent.objects.order_by("pk").values_list("entity", "kind")
    assert list(kinds) == [("lead", "bulk"), ("activity", "created"), ("mention", "created")]
    assert len(told(tenant.users["colleague"])) == 1
    assert told(tenant.users["agent"]) == []
