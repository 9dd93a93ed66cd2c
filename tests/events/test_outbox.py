"""The events that a change stores, and when."""

import re

import pytest
from django.db import connection, transaction

from crm.actors import Door
from crm.events import outbox
from crm.models import Event
from leads.services.leads import create_lead, delete_lead, restore_lead, update_lead
from pipelines.models import Stage
from tests.events.layers import make_event
from tests.factories.crm import CompanyFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return CompanyFactory()


def emitted(company, *numbers, **fields):
    return outbox.emit([make_event(number, company_id=company.pk, **fields) for number in numbers])


def written():
    return list(Event.objects.order_by("pk").values_list("company_id", "object_id", "kind"))


def test_an_event_is_a_row_without_content_and_without_number(company):
    emitted(company, 9, before=frozenset({7, 5}), after=frozenset(), actor_id=4, changes={"stage_id": 3})

    row = Event.objects.get()
    assert (row.company_id, row.entity, row.object_id, row.kind) == (company.pk, "lead", 9, "updated")
    assert row.audience == {"before": [5, 7], "after": []}
    assert (row.changes, row.actor_id, row.door, row.seq) == ({"stage_id": 3}, 4, "graphql", None)


def test_an_event_for_all_members_names_none(company):
    emitted(company, 9)

    assert Event.objects.get().audience is None


def test_several_events_are_one_statement(company, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert len(emitted(company, *range(50))) == 50

    assert [number for _, number, _ in written()] == list(range(50))


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_written(company):
    with pytest.raises(transaction.TransactionManagementError):
        emitted(company, 9)

    assert written() == []


@pytest.mark.django_db(transaction=True)
def test_rolled_back_events_are_not_written(company):
    with transaction.atomic():
        emitted(company, 1)
        transaction.set_rollback(True)

    assert written() == []


def test_very_many_changes_of_one_transaction_are_one_event(company, monkeypatch):
    other = CompanyFactory()
    monkeypatch.setattr(outbox, "MOST_SINGLE", 3)

    emitted(other, 1)
    kinds = [[event.kind for event in emitted(company, number, before=frozenset({1}))] for number in range(5)]

    assert kinds == [["updated"], ["updated"], ["updated"], ["bulk"], []]
    assert written() == [(other.pk, 1, "updated"), (company.pk, 0, "bulk")]
    assert Event.objects.get(kind="bulk").audience is None


def test_very_many_events_at_once_are_one_event(company, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_SINGLE", 3)

    assert [event.kind for event in emitted(company, 1, 2, 3, 4)] == ["bulk"]
    assert written() == [(company.pk, 0, "bulk")]


def test_a_savepoint_rolled_back_takes_its_share_of_very_many_with_it(company, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_SINGLE", 3)
    emitted(company, 1, 2)

    with transaction.atomic():
        emitted(company, 3, 4)
        assert written() == [(company.pk, 0, "bulk")]
        transaction.set_rollback(True)
    emitted(company, 5)

    assert written() == [(company.pk, number, "updated") for number in (1, 2, 5)]


@pytest.mark.django_db(transaction=True)
def test_each_transaction_counts_for_itself(company, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_SINGLE", 3)

    for number in range(8):
        with transaction.atomic():
            emitted(company, number)

    assert [kind for _, _, kind in written()] == ["updated"] * 8


def test_a_lead_leaves_the_story_of_its_life(tenant, actors):
    agent, colleague = tenant.users["agent"].pk, tenant.users["colleague"].pk
    first, other = Stage.objects.get(name="New"), Stage.objects.get(name="Proposal")

    lead = create_lead({"title": "A", "leads_owner_id": str(agent)}, actor=actors.agent)
    update_lead(lead.pk, {"pipeline_stage_id": str(other.pk)}, actor=actors.agent)
    update_lead(lead.pk, {"leads_owner_id": str(colleague)}, actor=actors.manager.through(Door.ADMIN))
    delete_lead(lead.pk, actor=actors.manager)
    restore_lead(lead.pk, actor=actors.manager)

    manager = actors.manager.user_id
    story = Event.objects.order_by("pk").values_list("kind", "audience", "changes", "actor_id", "door")
    assert list(story) == [
        ("created", {"before": [], "after": [agent]}, {}, agent, "graphql"),
        ("updated", {"before": [agent], "after": [agent]}, {"stage_id": first.pk}, agent, "graphql"),
        ("updated", {"before": [agent], "after": [colleague]}, {"owner_id": agent}, manager, "admin"),
        ("deleted", {"before": [colleague], "after": []}, {}, manager, "graphql"),
        ("restored", {"before": [], "after": [colleague]}, {}, manager, "graphql"),
    ]
    assert {row.object_id for row in Event.objects.all()} == {lead.pk}


def test_the_row_of_a_lead_is_written_before_its_event(tenant, actors, django_assert_max_num_queries):
    with django_assert_max_num_queries(100) as statements:
        create_lead({"title": "A"}, actor=actors.agent)

    tables = re.findall(r'INSERT (?:OR IGNORE )?INTO "(\w+)"', " ".join(each["sql"] for each in statements))
    assert tables.index("leads_lead") < tables.index("crm_event")
    assert tables.count("crm_event") == 1


def test_the_statement_of_an_event_is_one(tenant, actors, monkeypatch):
    def count():
        before = len(connection.queries_log)
        create_lead({"title": "A"}, actor=actors.agent)
        return len(connection.queries_log) - before

    connection.force_debug_cursor = True
    create_lead({"title": "A"}, actor=actors.agent)
    with_event = count()
    monkeypatch.setattr(outbox, "emit", lambda events: ())

    assert with_event - count() == 1
