"""leadEvents: the event log, for clients that poll."""

import logging
from dataclasses import replace

import pytest

from crm.events import outbox, retention
from crm.events.cursor import parse_cursor
from crm.events.sequencer import sequence
from crm.models import Company, Event
from leads.services.involvement import add_participant, remove_participant
from leads.services.leads import create_lead, delete_lead, update_lead
from tests.clients import data, refusal
from tests.factories.crm import tenant as make_tenant
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db

EVENTS = """
query ($after: ID, $first: Int! = 25) {
  leadEvents(after: $after, first: $first) {
    events { cursor kind removed changes lead { id title owner { id } people { name } } }
    cursor
    hasMore
  }
}
"""


@pytest.fixture
def tenant(db):
    """A company of each test's own, since one of them commits."""
    return make_tenant()


def ask(actor, after=None, **variables):
    # A tail does this; the query does not inside the transaction of a test.
    sequence()
    return data(EVENTS, actor=actor, variables={"after": after, **variables})["leadEvents"]


def briefly(page):
    return [
        (event["kind"], event["lead"] and event["lead"]["title"], event["removed"])
        for event in page["events"]
    ]


def test_without_a_cursor_there_is_the_cursor_of_now(actors):
    create_lead({"title": "Before"}, actor=actors.agent)
    now = ask(actors.agent)
    create_lead({"title": "After"}, actor=actors.agent)

    page = ask(actors.agent, now["cursor"])

    assert (now["events"], now["hasMore"]) == ([], False)
    assert briefly(page) == [("created", "After", None)]
    assert page["cursor"] == page["events"][0]["cursor"]
    assert ask(actors.agent, page["cursor"]) == {"events": [], "cursor": page["cursor"], "hasMore": False}


def test_the_log_holds_the_life_of_a_lead(actors, tenant):
    start = ask(actors.agent)["cursor"]
    agent, colleague = (str(tenant.users[name].pk) for name in ("agent", "colleague"))
    lead = create_lead({"title": "A", "leads_owner_id": agent}, actor=actors.agent)
    update_lead(lead.pk, {"title": "B", "leads_owner_id": colleague}, actor=actors.agent)
    update_lead(lead.pk, {"leads_owner_id": None}, actor=actors.agent)

    page = ask(actors.agent, start)
    delete_lead(lead.pk, actor=actors.agent)
    after = ask(actors.agent, start)

    assert briefly(page) == [("created", "B", None), ("updated", "B", None), ("updated", "B", None)]
    assert [event["changes"] for event in page["events"]] == [
        None,
        {"owner_id": agent},
        {"owner_id": colleague},
    ]
    assert briefly(after) == [("deleted", None, str(lead.pk))]


def test_pages_follow_one_another_without_gap(actors):
    start = ask(actors.agent)["cursor"]
    for number in range(5):
        create_lead({"title": str(number)}, actor=actors.agent)

    cursor, titles, pages = start, [], 0
    while True:
        page = ask(actors.agent, cursor, first=2)
        titles += [title for _, title, _ in briefly(page)]
        cursor, pages = page["cursor"], pages + 1
        if not page["hasMore"]:
            break

    assert (titles, pages) == (["0", "1", "2", "3", "4"], 3)


@pytest.mark.django_db(transaction=True)
def test_without_listeners_the_query_numbers_the_events():
    actors = make_tenant().actors
    start = data(EVENTS, actor=actors.agent)["leadEvents"]["cursor"]
    create_lead({"title": "A"}, actor=actors.agent)

    page = data(EVENTS, actor=actors.agent, variables={"after": start})["leadEvents"]

    assert briefly(page) == [("created", "A", None)]


def test_another_company_receives_nothing(actors, other_actors):
    start = ask(actors.agent)["cursor"]
    create_lead({"title": "Foreign"}, actor=other_actors.agent)
    create_lead({"title": "Own"}, actor=actors.agent)

    assert briefly(ask(actors.agent, start)) == [("created", "Own", None)]
    assert briefly(ask(other_actors.agent, start)) == [("created", "Foreign", None)]


def test_a_member_who_sees_own_leads_receives_what_comes_and_goes(actors, tenant):
    Company.objects.filter(pk=tenant.company.pk).update(lead_visibility="OWN")
    colleague = tenant.users["colleague"]
    lead = LeadFactory(company=tenant.company, owner=tenant.users["agent"], title="A")
    manager, narrow = actors.manager, restricted(actors.colleague)
    start = ask(narrow)["cursor"]

    update_lead(lead.pk, {"title": "Unseen"}, actor=manager)
    add_participant(lead.pk, colleague.pk, actor=manager)
    update_lead(lead.pk, {"title": "Seen"}, actor=manager)
    while_visible = ask(narrow, start)
    remove_participant(lead.pk, colleague.pk, actor=manager)

    assert briefly(while_visible) == [("updated", "Seen", None), ("updated", "Seen", None)]
    assert briefly(ask(narrow, start)) == [("updated", None, str(lead.pk))]
    assert len(ask(manager, start)["events"]) == 4


def test_an_event_that_is_not_delivered_is_logged_at_debug(actors, tenant, caplog):
    Company.objects.filter(pk=tenant.company.pk).update(lead_visibility="OWN")
    narrow = restricted(actors.colleague)
    start = ask(narrow)["cursor"]
    lead = create_lead({"title": "A"}, actor=actors.manager)
    add_participant(lead.pk, narrow.user_id, actor=actors.manager)
    remove_participant(lead.pk, narrow.user_id, actor=actors.manager)
    first = parse_cursor(start).seq + 1

    with caplog.at_level(logging.DEBUG, "crm.events.delivery"):
        assert briefly(ask(narrow, start)) == [("updated", None, str(lead.pk))]

    assert [record.getMessage() for record in caplog.records if record.name == "crm.events.delivery"] == [
        f"Event {first} is not delivered to user {narrow.user_id}: "
        "the user is outside the audience before and after the change.",
        f"Event {first + 1} is not delivered to user {narrow.user_id}: "
        "the lead is gone, or the user no longer sees it.",
    ]


def restricted(actor):
    return replace(actor, company_sees_all_leads=False)


def test_bulk_work_is_one_bulk_event(actors, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_SINGLE", 0)
    start = ask(actors.agent)["cursor"]
    create_lead({"title": "A"}, actor=actors.agent)

    assert briefly(ask(actors.agent, start)) == [("bulk", None, None)]


def test_statements_do_not_depend_on_the_events(actors, django_assert_num_queries):
    start = ask(actors.agent)["cursor"]
    create_lead({"title": "A"}, actor=actors.agent)
    ask(actors.agent)
    # Whether there is something to number, the events, the counter, the leads with what is joined.
    with django_assert_num_queries(4):
        ask(actors.agent, start)

    for number in range(5):
        create_lead({"title": str(number)}, actor=actors.agent)
    ask(actors.agent)
    with django_assert_num_queries(4):
        assert len(ask(actors.agent, start)["events"]) == 6


def test_an_invalid_cursor_is_refused(actors):
    refused = refusal(EVENTS, actor=actors.agent, variables={"after": "7"})

    assert refused["extensions"]["code"] == "BAD_USER_INPUT"


def test_an_expired_cursor_is_refused_with_the_oldest_valid_one(actors):
    start = ask(actors.agent)["cursor"]
    create_lead({"title": "A"}, actor=actors.agent)
    after_first = ask(actors.agent)["cursor"]
    Event.objects.update(created_at="2020-01-01T00:00:00Z")
    retention.prune()

    refused = refusal(EVENTS, actor=actors.agent, variables={"after": start})

    assert refused["extensions"] == {"code": "CURSOR_EXPIRED", "oldest": after_first}
    assert ask(actors.agent, after_first)["events"] == []


@pytest.mark.parametrize("first", [-1, 100_000])
def test_a_page_out_of_range_is_refused(actors, first):
    refused = refusal(EVENTS, actor=actors.agent, variables={"first": first})

    assert refused["extensions"]["code"] in ("BAD_USER_INPUT", "QUERY_TOO_COMPLEX")
