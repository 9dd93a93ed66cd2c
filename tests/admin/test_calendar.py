"""The calendar: days of a member, moves to other days, who sees and chooses what."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.models import Activity, Company, LeadVisibility, User
from crm.models.records import link_columns
from crm.services.activities import complete_task
from leads.models import Lead
from leads.services.leads import create_lead
from people.services.organizations import create_organization
from tests.admin.conftest import form_of
from tests.admin.planned import CALENDAR, MONDAY, at, plan
from tests.unrendered import unrendered_pages

pytestmark = pytest.mark.django_db


def shown(client: Any, **asked: object) -> dict[str, list[str]]:
    """Return the times and titles of the entries of each day that has some."""
    with unrendered_pages():
        context = client.get(CALENDAR, asked).context_data
    return {
        day["day"].isoformat(): [f"{each['at']} {each['activity']}".strip() for each in day["entries"]]
        for day in context["days"]
        if day["entries"]
    }


def test_a_day_a_week_and_a_month(signed_in, actors):
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    for index in range(6):
        plan(actors.agent, at(MONDAY, 8 + index), lead, subject=f"Call {index}")
    plan(actors.agent, at(MONDAY + timedelta(6), 23), lead, kind="MEETING", subject="Last", minutes=90)
    plan(actors.agent, at(MONDAY + timedelta(7)), lead, subject="Next week", recurrence="FREQ=WEEKLY")
    complete_task(plan(actors.agent, at(MONDAY, 7), lead, subject="Done").pk, actor=actors.agent)
    client = signed_in("agent")
    titles = [f"{8 + index:02}:00 Call {index}" for index in range(6)]

    week = {MONDAY.isoformat(): ["07:00 Done", *titles], "2031-06-08": ["23:00 Last"]}
    assert shown(client, day=MONDAY + timedelta(3)) == shown(client, view="week", day=MONDAY) == week
    assert shown(client, view="day", day="2031-06-08") == {"2031-06-08": ["23:00 Last"]}
    page = client.get(CALENDAR, {"view": "month", "day": "2031-06-15"})
    days = page.context["days"]
    # Whole weeks; what is not done is shown before what is.
    assert (days[0]["day"], days[-1]["day"], len(days)) == (date(2031, 5, 26), date(2031, 7, 6), 42)
    assert [str(each["activity"]) for each in days[7]["entries"]] == [f"Call {index}" for index in range(4)]
    assert (days[7]["number"], days[7]["left_out"]) == (7, 3)
    html = page.content.decode()
    assert f'href="?view=day&amp;day={MONDAY}" aria-label="3 more on 2 June"' in html
    assert 'href="?view=month&amp;day=2031-05-01" rel="prev"' in html
    assert 'href="?view=month&amp;day=2031-07-01" rel="next"' in html
    assert "<span>Repeats</span>" in html
    assert f'href="{reverse("admin:new_task")}?day={MONDAY}"' in html
    day = client.get(CALENDAR, {"view": "day", "day": MONDAY}).content.decode()
    assert '<li class="entry task done"' in day
    assert f'href="{reverse("mfa_index")}#calendar-title"' in day
    assert '<span class="at">23:00<span class="until">\N{EN DASH}00:30</span></span>' in html


def test_what_was_due_before_today_is_overdue(signed_in, actors):
    today = timezone.now().date()
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    late = plan(actors.agent, at(today - timedelta(1)), lead)
    done = plan(actors.agent, at(today - timedelta(1)), lead)
    complete_task(done.pk, actor=actors.agent)
    plan(actors.agent, at(today, 0), lead)
    plan(actors.agent, at(today - timedelta(1)), lead, kind="CALL")

    with unrendered_pages():
        days = signed_in("agent").get(CALENDAR, {"view": "month"}).context_data["days"]
        days += (
            signed_in("agent")
            .get(CALENDAR, {"view": "day", "day": today - timedelta(1)})
            .context_data["days"]
        )

    found = {each["activity"].pk for day in days for each in day["entries"] if each["is_late"]}
    assert found == {late.pk}
    assert [day["day"] for day in days if day["is_today"]] == [today]


def test_days_are_those_of_the_member(signed_in, actors):
    User.objects.filter(pk=actors.agent.user_id).update(timezone="Europe/Berlin")
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    for moment in (
        # Clocks go forward on 30 March and back on 26 October: days of 23 and of 25 hours.
        datetime(2031, 3, 29, 22, 59, tzinfo=UTC),
        datetime(2031, 3, 29, 23, 0, tzinfo=UTC),
        datetime(2031, 3, 30, 21, 59, tzinfo=UTC),
        datetime(2031, 3, 30, 22, 0, tzinfo=UTC),
        datetime(2031, 10, 25, 22, 0, tzinfo=UTC),
        datetime(2031, 10, 26, 22, 59, tzinfo=UTC),
        datetime(2031, 10, 26, 23, 0, tzinfo=UTC),
    ):
        plan(actors.agent, moment, lead)
    client = signed_in("agent")

    assert shown(client, view="month", day="2031-03-01") == {
        "2031-03-29": ["23:59 29 22:59"],
        # Midnight is a day without a time.
        "2031-03-30": ["29 23:00", "23:59 30 21:59"],
        "2031-03-31": ["30 22:00"],
    }
    assert shown(client, day="2031-10-26") == {"2031-10-26": ["25 22:00", "23:59 26 22:59"]}
    assert shown(client, view="day", day="2031-10-27") == {"2031-10-27": ["26 23:00"]}


def test_who_sees_and_chooses_whose_calendar(signed_in, actors, other_actors, tenant):
    Company.objects.filter(pk=actors.agent.company_id).update(lead_visibility=LeadVisibility.OWN)
    agent, colleague = actors.agent.user_id, actors.colleague.user_id
    own = create_lead({"title": "Own", "leads_owner_id": agent}, actor=actors.manager)
    hidden = create_lead({"title": "Hidden", "leads_owner_id": colleague}, actor=actors.manager)
    open_to_all = create_organization({"name": "Acme"}, actor=actors.agent)
    plan(actors.agent, at(MONDAY, 1), own, subject="mine")
    plan(actors.manager, at(MONDAY, 2), hidden, subject="hidden", assignee_id=agent)
    plan(
        actors.manager,
        at(MONDAY, 3),
        open_to_all,
        subject="colleague's",
        assignee_id=colleague,
    )
    plan(actors.colleague, at(MONDAY, 4), hidden, subject="nobody's", assignee_id=None)
    plan(
        actors.manager,
        at(MONDAY, 5),
        open_to_all,
        kind="MEETING",
        subject="together",
        participants_id=[agent],
    )
    plan(other_actors.agent, at(MONDAY, 6), subject="other company's")

    def titles(role: str, member: object = "") -> list[str]:
        found = shown(signed_in(role), day=MONDAY, member=member).get(MONDAY.isoformat(), [])
        return [each[6:] for each in found]

    assert titles("agent") == titles("agent", agent) == ["mine", "together"]
    assert titles("agent", "all") == ["mine", "colleague's", "together"]
    assert titles("viewer") == []
    assert titles("viewer", "all") == ["colleague's", "together"]
    assert titles("manager") == ["together"]
    assert titles("manager", agent) == ["mine", "hidden", "together"]
    assert titles("manager", "all") == ["mine", "hidden", "colleague's", "nobody's", "together"]
    for role, member in (
        ("agent", colleague),
        ("manager", other_actors.agent.user_id),
        ("manager", 10**9),
        ("manager", "x"),
    ):
        assert signed_in(role).get(CALENDAR, {"member": member}).status_code == 404
    manager = signed_in("manager").get(CALENDAR, {"member": agent, "day": MONDAY})
    assert f'<option value="{colleague}">{tenant.users["colleague"]}</option>' in manager.content.decode()
    assert f"day={MONDAY}&amp;member={agent}" in manager.content.decode()
    viewer = signed_in("viewer").get(CALENDAR, {"member": "all", "day": MONDAY}).content.decode()
    assert "colleague&#x27;s" in viewer
    for control in ('class="tick"', 'class="move"', 'class="add"', "data-may-change", "data-move="):
        assert control not in viewer


def test_an_address_that_is_not_understood_shows_this_week(signed_in):
    client = signed_in("viewer")
    for asked, said in (
        ({"day": "soon"}, "Expected a date such as 2026-01-31. This is today."),
        ({"day": "9999-12-31"}, "The calendar has the years 1000 to 9000. This is today."),
        ({"view": "year"}, "The view is day, week or month."),
        ({"day": ""}, ""),
    ):
        with unrendered_pages():
            context = client.get(CALENDAR, asked).context_data
        assert context["asked"].refused == said
        assert [day["is_today"] for day in context["days"]].count(True) == 1
        assert len(context["days"]) == 7


@pytest.mark.parametrize(("kind", "filled"), [("TASK", "00:00:00"), ("CALL", "09:00:00")])
def test_an_activity_is_added_on_a_day(signed_in, actors, kind, filled):
    User.objects.filter(pk=actors.agent.user_id).update(timezone="Europe/Berlin")
    lead = create_lead({"title": "Roof"}, actor=actors.agent)
    client = signed_in("agent")
    chosen = client.get(reverse("admin:new_task"), {"q": "roof", "day": "2031-06-02"}).content.decode()
    assert f"entity_id={lead.pk}&amp;kind=TASK&amp;day=2031-06-02" in chosen
    assert '<input type="hidden" name="day" value="2031-06-02">' in chosen
    assert 'name="day"' not in client.get(reverse("admin:new_task"), {"day": '"><b>'}).content.decode()
    address = reverse("admin:crm_activity_add")
    address += f"?entity_type=LEAD&entity_id={lead.pk}&kind={kind}&day=2031-06-02"
    field = "due_at" if kind == "TASK" else "starts_at"
    with unrendered_pages():
        form = client.get(address).context_data["adminform"].form
    local = form[field].value().astimezone(timezone.get_fixed_timezone(120))
    assert f"{local:%Y-%m-%d %H:%M:%S}" == f"2031-06-02 {filled}"

    data = form_of(client, address, subject="Look at it")
    data |= {f"{field}_0": "2031-06-02", f"{field}_1": filled}
    answer = client.post(address, data)

    assert answer.headers["Location"] == f"{CALENDAR}?day=2031-06-02"
    assert shown(client, day=MONDAY, member="all") == {
        "2031-06-02": ["Look at it" if kind == "TASK" else "09:00 Look at it"]
    }


def test_a_full_day_is_bounded_and_says_so(signed_in, actors):
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    common = {**link_columns(lead), "company_id": actors.agent.company_id, "kind": "TASK"}
    own = {**common, "assignee_id": actors.agent.user_id}
    Activity.objects.bulk_create(
        [
            *(Activity(**own, subject=f"Open {n}", due_at=at(MONDAY, 12)) for n in range(501)),
            Activity(**own, subject="Done", due_at=at(MONDAY, 1), done_at=at(MONDAY, 1)),
        ]
    )
    client = signed_in("agent")

    with unrendered_pages():
        week = client.get(CALENDAR, {"day": MONDAY}).context_data["days"][0]
    assert (len(week["entries"]), week["number"], week["left_out"]) == (30, 502, 472)
    page = client.get(CALENDAR, {"view": "day", "day": MONDAY})
    assert len(page.context["days"][0]["entries"]) == 500
    assert not any(each["is_done"] for each in page.context["days"][0]["entries"])
    assert "The first 500 of 502 are shown." in page.content.decode()


def test_statements_do_not_grow(signed_in, actors):
    client = signed_in("manager")
    counted: list[int] = []
    for number in (1, 12):
        for index in range(number):
            moment = at(MONDAY + timedelta(index % 7), index % 24)
            lead = create_lead({"title": "Deal", "people": {"firstname": "Jane"}}, actor=actors.agent)
            plan(actors.agent, moment, lead)
            plan(
                actors.agent,
                moment,
                create_organization({"name": f"Acme {number} {index}"}, actor=actors.agent),
            )
            complete_task(plan(actors.agent, moment, Lead.objects.get(pk=lead.pk)).pk, actor=actors.agent)
        for view in ("week", "month"):
            with CaptureQueriesContext(connection) as queries:
                page = client.get(CALENDAR, {"view": view, "day": MONDAY, "member": "all"})
            assert page.status_code == 200
            counted.append(len(queries))
    assert len(set(counted)) == 1, counted
    # Session, user, actor, companies, unread notifications; members; keys of what is open and of what is
    # done, the entries, and their records of two kinds.
    assert counted[0] == 11
