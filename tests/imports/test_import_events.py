"""The events of imports: one of each record, or one for all of them at the end of a long import."""

import json
from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from crm.events import journal
from crm.events.sequencer import sequence
from crm.importing import jobs, undo
from crm.importing.processing import Processor
from crm.models import Event, ImportJob, WebhookDelivery
from crm.webhooks.payloads import body_of
from people.imports import PersonImport
from tests.clients import data
from tests.imports.test_undo import load
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

CONTENT = "firstname,email,organization\n" + "".join(f"P{n},p{n}@x.example,Org\n" for n in range(5))
EVENTS = """query ($after: ID) { recordEvents(after: $after) {
  events { kind record_kind id changes people { id } } } }"""


def told() -> list[tuple[Any, ...]]:
    events = Event.objects.exclude(entity="import").order_by("pk")
    return list(events.values_list("entity", "kind", "object_id", "changes"))


def test_a_short_import_has_an_event_of_each_record(tenant, settings):
    settings.IMPORT_SINGLE_EVENTS = 5

    load(CONTENT, PersonImport, tenant.actors.manager)

    assert Counter(event[:2] for event in told()) == {
        ("people", "created"): 5,
        ("organization", "created"): 1,
        ("organization", "updated"): 5,
    }


def test_a_long_import_and_its_undo_have_one_event_of_each_kind(tenant, settings, monkeypatch):
    settings.IMPORT_SINGLE_EVENTS = 4
    monkeypatch.setattr(jobs, "BATCH", 2)
    manager = tenant.actors.manager
    start = str(journal.end())

    job = load(CONTENT, PersonImport, manager)
    imported = told()
    undo.start_undo(job, actor=manager)

    of_job = {"import_id": str(job.uuid)}
    assert imported == [("organization", "bulk", 0, of_job), ("people", "bulk", 0, of_job)]
    assert told()[2:] == imported
    # Receivers are told of which import it was, by subscriptions and by webhooks.
    sequence()
    events = data(EVENTS, actor=manager, variables={"after": start})["recordEvents"]["events"]
    assert events[1] == {
        "kind": "bulk",
        "record_kind": "PEOPLE",
        "id": None,
        "changes": of_job,
        "people": None,
    }
    sent = WebhookDelivery(type="people.bulk", changes=of_job, cursor="c", occurred_at=timezone.now())
    assert json.loads(body_of(sent))["data"] == {"version": 1, "cursor": "c", "refetch": True, **of_job}


def test_the_event_follows_though_the_import_was_cut_off(tenant, settings, monkeypatch):
    settings.IMPORT_SINGLE_EVENTS = 4
    monkeypatch.setattr(jobs, "BATCH", 2)
    real = Processor._process

    def die_at_line_5(processor: Processor, given: Any, *rest: Any) -> Any:
        if given.record.number == 5:
            raise KeyboardInterrupt
        return real(processor, given, *rest)

    monkeypatch.setattr(Processor, "_process", die_at_line_5)
    with pytest.raises(KeyboardInterrupt):
        load(CONTENT, PersonImport, tenant.actors.manager)
    job = ImportJob.objects.get()
    assert (told(), job.silent_kinds) == ([], ["organization", "people"])
    monkeypatch.setattr(Processor, "_process", real)
    ImportJob.objects.update(leased_until=None)

    load(CONTENT, PersonImport, tenant.actors.manager)

    assert [event[:2] for event in told()] == [("organization", "bulk"), ("people", "bulk")]
    assert ImportJob.objects.get().silent_kinds == []
