"""Calendar feeds: what is in them, for whom, and when their address ends. Read by icalendar and by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from icalendar import Calendar

from crm.models import (
    Activity,
    ActivityKind,
    ActivityParticipant,
    AuditEntry,
    CalendarFeed,
    IdempotencyKey,
    Membership,
)
from crm.services import calendar_entries
from crm.services.calendar_feeds import create_feed
from crm.services.members import deactivate_member
from tests.caches import clear_cache
from tests.clients import data
from tests.factories.leads import LeadFactory
from tests.graphql.http import bearer, post
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC).replace(microsecond=0)
SOON = (NOW + timedelta(days=3)).replace(hour=9, minute=30, second=0)
MAKE = "mutation { createCalendarFeed { url feed { id last_used_at } } }"


@pytest.fixture(autouse=True)
def uncounted():
    clear_cache()


@pytest.fixture
def lead(tenant):
    return LeadFactory(company=tenant.company, title="Big deal", owner=tenant.users["agent"])


@pytest.fixture
def address(actors):
    return address_of(actors.agent)


def address_of(actor):
    return "/" + create_feed(actor=actor)[1].split("/", 3)[3]


def add(record, user=None, **values):
    values = {"kind": ActivityKind.TASK, "due_at": SOON, "text": "Call back", "assignee": user, **values}
    activity = Activity(company=record.company, entity=record, **values)
    activity.save()
    return activity


def events(address):
    answer = Client().get(address)
    assert answer.status_code == 200
    return Calendar.from_ical(answer.content).walk("VEVENT")


def lines_of(content):
    """Unfold content lines as RFC 5545 says, without the library that wrote them."""
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 75
    return content.decode().replace("\r\n ", "").split("\r\n")


def test_tasks_and_meetings_are_read_back(tenant, lead, address):
    agent = tenant.users["agent"]
    task = add(lead, agent, subject="Send offer", remind_at=SOON - timedelta(hours=1), priority="HIGH")
    meeting = add(
        lead, agent, kind=ActivityKind.MEETING, due_at=None, starts_at=SOON, minutes=45, text="Talk"
    )
    call = add(lead, kind=ActivityKind.CALL, due_at=None, starts_at=SOON, text="Ask for numbers")
    ActivityParticipant(activity=call, user=agent).save()
    add(lead, agent, due_at=None)
    add(lead, tenant.users["colleague"])
    add(lead, agent, kind=ActivityKind.EMAIL, due_at=None, starts_at=SOON)

    found = {str(event["UID"]): event for event in events(address)}

    assert found.keys() == {str(each.uuid) for each in (task, meeting, call)}
    first = found[str(task.uuid)]
    assert (str(first["SUMMARY"]), first["PRIORITY"], str(first["STATUS"])) == ("Send offer", 1, "CONFIRMED")
    assert (first.decoded("DTSTART"), first.decoded("DTEND")) == (SOON, SOON)
    assert str(first["DESCRIPTION"]) == "Big deal\nCall back"
    [alarm] = first.walk("VALARM")
    assert alarm.decoded("TRIGGER") == SOON - timedelta(hours=1)
    second = found[str(meeting.uuid)]
    assert second.decoded("DTEND") - second.decoded("DTSTART") == timedelta(minutes=45)
    assert (str(second["SUMMARY"]), str(second["TRANSP"])) == ("Talk", "OPAQUE")


def test_the_raw_lines_are_those_of_the_standard(tenant, lead, address):
    """A second reader, by hand: CRLF, folding to 75 octets, UTC times, escapes."""
    task = add(
        lead,
        tenant.users["agent"],
        subject="Größe; a, b \\ c " + "ü" * 60,
        text="one\r\ntwo\rthree\x07",
        due_at=datetime(SOON.year, SOON.month, SOON.day, 7, 5, tzinfo=UTC),
    )

    lines = lines_of(Client().get(address).content)

    assert lines[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Open CRM//Calendar feed//EN"]
    assert f"UID:{task.uuid}" in lines
    assert f"DTSTART:{SOON:%Y%m%d}T070500Z" in lines
    assert "SUMMARY:Größe\\; a\\, b \\\\ c " + "ü" * 60 in lines
    assert "DESCRIPTION:Big deal\\none\\ntwo\\nthree" in lines


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nBEGIN:VALARM\r\nACTION:PROCEDURE",
        "a\nATTENDEE:mailto:x@example.com",
        "a\rX-EVIL:1",
        "a\x85\u2028b",
    ],
)
def test_no_text_begins_a_line_of_its_own(tenant, lead, address, text):
    add(lead, tenant.users["agent"], subject=text, text=text)

    names = {line.partition(":")[0].partition(";")[0] for line in lines_of(Client().get(address).content)}

    assert not names & {"ATTENDEE", "X-EVIL", "ACTION"}
    assert len(events(address)) == 1


def test_midnight_of_the_member_is_a_whole_day(tenant, lead, address):
    agent = tenant.users["agent"]
    agent.timezone = "Europe/Berlin"
    agent.save()
    # Midnight of a summer day in Berlin, on the eve in UTC.
    add(lead, agent, due_at=datetime(2026, 7, 9, 22, 0, tzinfo=UTC))

    with frozen(datetime(2026, 7, 1, tzinfo=UTC)):
        [event] = events(address)

    assert event.decoded("DTSTART") == date(2026, 7, 10)
    assert event.decoded("DTEND") == date(2026, 7, 11)
    assert event["DTSTART"].params["VALUE"] == "DATE"


def frozen(moment):
    return time_machine.travel(moment, tick=False)


def test_a_task_that_repeats_keeps_its_hour_when_clocks_change(tenant, lead, address):
    agent = tenant.users["agent"]
    agent.timezone = "Europe/Berlin"
    agent.save()
    weekly = "FREQ=WEEKLY;UNTIL=20261201T000000Z"
    add(lead, agent, due_at=datetime(2026, 10, 20, 7, tzinfo=UTC), recurrence=weekly)

    with frozen(datetime(2026, 10, 1, tzinfo=UTC)):
        content = Client().get(address).content
    lines = lines_of(content)

    assert "DTSTART;TZID=Europe/Berlin:20261020T090000" in lines
    assert f"RRULE:{weekly}" in lines
    assert "TZID:Europe/Berlin" in lines
    assert content.count(b"BEGIN:VEVENT") == 1


@pytest.mark.parametrize("rule", ["every monday", "FREQ=SOMETIMES", "COUNT=3", "FREQ=DAILY;UNTIL=never"])
def test_a_rule_that_is_none_costs_no_calendar(tenant, lead, address, rule):
    add(lead, tenant.users["agent"], recurrence=rule)

    [event] = events(address)

    assert "RRULE" not in event


def test_a_task_that_is_done_repeats_and_reminds_no_more(tenant, lead, address):
    add(
        lead,
        tenant.users["agent"],
        subject="Offer",
        done_at=NOW,
        remind_at=SOON,
        recurrence="FREQ=DAILY",
    )

    [event] = events(address)

    assert (str(event["SUMMARY"]), "RRULE" in event, event.walk("VALARM")) == ("✓ Offer", False, [])


def test_only_what_the_member_sees_is_in_it(tenant, other_tenant, lead, address):
    tenant.company.lead_visibility = "OWN"
    tenant.company.save()
    agent = tenant.users["agent"]
    hidden = LeadFactory(company=tenant.company, title="Hidden", owner=tenant.users["colleague"])
    foreign = LeadFactory(company=other_tenant.company, title="Foreign")
    Membership(company=other_tenant.company, user=agent).save()
    add(hidden, agent)
    add(foreign, agent)
    deleted = add(lead, agent)
    deleted.deleted_at = NOW
    deleted.save()
    own = add(lead, agent)

    assert [str(event["UID"]) for event in events(address)] == [str(own.uuid)]


def test_it_is_bounded_in_time_and_number(tenant, lead, address, monkeypatch):
    agent = tenant.users["agent"]
    monkeypatch.setattr(calendar_entries, "MOST_ENTRIES", 4)
    for days in (-91, -2, -1, 1, 2, 3, 370):
        add(lead, agent, due_at=NOW + timedelta(days=days), text=str(days))

    assert [str(event["SUMMARY"]) for event in events(address)] == ["-1", "1", "2", "3"]


def test_statements_do_not_grow_with_entries(tenant, lead, address, django_assert_num_queries):
    agent = tenant.users["agent"]
    add(lead, agent)
    events(address)
    events(address)

    with django_assert_num_queries(5):
        events(address)
    for number in range(20):
        add(lead, agent, text=str(number))
    events(address)
    with django_assert_num_queries(5):
        events(address)


def test_an_unchanged_calendar_is_not_sent_again(tenant, lead, address):
    task = add(lead, tenant.users["agent"])
    first = Client().get(address)
    etag, changed = first["ETag"], first["Last-Modified"]

    by_etag = Client().get(address, headers={"If-None-Match": etag})
    by_time = Client().get(address, headers={"If-Modified-Since": changed})
    task.delete()
    after = [
        Client().get(address, headers=headers)
        for headers in ({"If-None-Match": etag}, {"If-Modified-Since": changed})
    ]

    assert first["Cache-Control"] == "private, no-cache"
    assert [answer.status_code for answer in (by_etag, by_time)] == [304, 304]
    # A row that is gone leaves no date, and still the calendar is another one.
    assert [answer.status_code for answer in after] == [200, 200]
    assert by_etag.content == b""


def test_an_address_is_shown_once_renewed_and_revoked(tenant, actors):
    made = data(MAKE, actor=actors.agent)["createCalendarFeed"]
    first = "/" + made["url"].split("/", 3)[3]
    secret = first.removeprefix("/calendar/").removesuffix(".ics")
    assert (len(secret), made["feed"]["last_used_at"]) == (64, None)
    assert secret not in str(CalendarFeed.objects.values())
    assert Client().get(first).status_code == 200
    assert data("{ calendarFeed { last_used_at } }", actor=actors.agent)["calendarFeed"]["last_used_at"]

    second = address_of(actors.agent)

    assert [Client().get(path).status_code for path in (first, second)] == [404, 200]
    assert data("{ calendarFeed { id } }", actor=actors.colleague) == {"calendarFeed": None}
    revoke = "mutation { revokeCalendarFeed }"
    assert data(revoke, actor=actors.colleague) == {"revokeCalendarFeed": False}
    assert Client().get(second).status_code == 200
    assert data(revoke, actor=actors.agent) == {"revokeCalendarFeed": True}
    assert Client().get(second).status_code == 404
    kept = AuditEntry.objects.filter(company=tenant.company, event__startswith="CALENDAR")
    assert list(kept.order_by("pk").values_list("event", flat=True)) == [
        "CALENDAR_CREATED",
        "CALENDAR_CREATED",
        "CALENDAR_REVOKED",
    ]


def test_an_idempotency_key_stores_no_address():
    headers = {**bearer(), "Idempotency-Key": "again"}

    made = [post({"query": MAKE}, headers=headers).json()["data"]["createCalendarFeed"] for _ in range(2)]

    assert made[0]["url"] != made[1]["url"]
    assert not IdempotencyKey.objects.exists()


def test_it_ends_with_the_membership(tenant, actors, address):
    assert Client().get(address).status_code == 200

    deactivate_member(tenant.users["agent"].pk, actor=actors.admin)

    assert Client().get(address).status_code == 404
    assert not CalendarFeed.objects.exists()


@pytest.mark.parametrize("whose", ["user", "company"])
def test_it_rests_with_a_deactivated_user_or_company(tenant, address, whose):
    row = tenant.users["agent"] if whose == "user" else tenant.company
    row.is_active = False
    row.save()

    assert Client().get(address).status_code == 404


def test_guesses_are_limited(address):
    wrong = [Client().get(f"/calendar/{number:064}.ics").status_code for number in range(31)]

    assert wrong == [404] * 30 + [429]
    # From there even the right one has to wait: else guesses would go on.
    assert Client().get(address).status_code == 429
    assert Client().get(address, REMOTE_ADDR="192.0.2.9").status_code == 200


def test_it_is_read_only(address):
    assert Client().post(address).status_code == 405
    assert Client().head(address).status_code == 200
