"""The home page: what a member has to do, done in place; how the member and the team stand."""

from datetime import timedelta
from typing import Any, cast

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.models import Activity, Company, LeadVisibility
from crm.services.activities import create_activity
from crm.services.activity_input import ActivityValues
from leads.models import Lead
from leads.services.closing import close_lead
from leads.services.lead_input import LeadValues
from leads.services.leads import create_lead
from tests.admin.conftest import messages_of, sentences_of

pytestmark = pytest.mark.django_db
HOME = reverse("admin:index")
TEAM = reverse("admin:leads_lead_team")


def make_lead(actor: Any, **values: Any) -> Lead:
    given = {"title": "Deal", "leads_owner_id": actor.user_id, "amount": 1500, "currency": "EUR"}
    return create_lead(cast(LeadValues, given | values), actor=actor)


def make_task(actor: Any, lead: Lead, days: float, **values: Any) -> Activity:
    given = {
        "entity_type": "LEAD",
        "entity_id": lead.pk,
        "kind": "TASK",
        "subject": f"In {days} days",
        "due_at": timezone.now() + timedelta(days=days),
        "assignee_id": actor.user_id,
    }
    return create_activity(cast(ActivityValues, given | values), actor=actor)


def make_call(actor: Any, lead: Lead, days: float, *, planned: float = 0, **values: Any) -> Activity:
    """Make a call at a time that was entered some days from now."""
    now = timezone.now()
    call = make_task(actor, lead, 0, kind="CALL", due_at=None, starts_at=now + timedelta(days=days), **values)
    Activity.objects.filter(pk=call.pk).update(created_at=now + timedelta(days=planned))
    return call


def listed(context: Any) -> dict[str, list[str]]:
    shown = {part["title"]: [str(row["activity"]) for row in part["rows"]] for part in context["todo"]}
    shown["rotting"] = [str(row["lead"]) for row in context["rotting"]["rows"]]
    shown["new"] = [str(row["lead"]) for row in context["new_leads"]["rows"]]
    return shown


def test_the_day_of_a_member(signed_in, actors):
    old, new = make_lead(actors.agent, title="Old"), make_lead(actors.agent, title="New")
    make_lead(actors.colleague, title="Of a colleague")
    make_task(actors.agent, old, -2, subject="Call back")
    make_task(actors.colleague, new, -2)
    long_ago = timezone.now() - timedelta(days=12)
    Lead.objects.filter(pk=old.pk).update(last_activity_at=long_ago, created_at=long_ago)
    close_lead(make_lead(actors.agent, amount=700).pk, "won", actor=actors.agent)
    before = close_lead(make_lead(actors.agent, amount=9).pk, "won", actor=actors.agent)
    Lead.objects.filter(pk=before.pk).update(
        closed_at=timezone.now().replace(day=1, hour=12) - timedelta(days=3)
    )

    page = signed_in("agent").get(HOME)

    assert listed(page.context) == {
        "Overdue": ["Call back"],
        "Today": [],
        "This week": [],
        "Without a day": [],
        "rotting": ["Old"],
        "new": ["New"],
    }
    assert page.context["rotting"]["rows"][0]["reason"].startswith("12 days since entry into the stage")
    assert page.context["tiles"] == {
        "open": {"number": 2, "sums": ["3,000 EUR"]},
        "won": {"number": 1, "sums": ["700 EUR"]},
        "won_before": {"number": 1, "sums": ["9 EUR"]},
    }
    assert TEAM not in page.content.decode()


def test_a_call_whose_day_has_passed_is_overdue_wherever_tasks_are(signed_in, actors, tenant):
    lead = make_lead(actors.agent)
    late = make_call(actors.agent, lead, -1, planned=-2, subject="Ask about seats")
    make_call(actors.agent, lead, -1, subject="Was called yesterday")
    make_task(actors.agent, lead, 3, subject="Send the quote")
    client = signed_in("agent")

    assert listed(client.get(HOME).context)["Overdue"] == ["Ask about seats"]
    found = client.get(reverse("admin:crm_activity_changelist"), {"due": "overdue"})
    assert [row.pk for row in found.context["cl"].result_list] == [late.pk]
    shown = client.get(reverse("admin:leads_lead_change", args=[lead.pk]))
    [following] = [fact for fact in shown.context["facts"] if fact.label == "Next activity"]
    assert (following.text[:11], following.text[-15:]) == ("Yesterday, ", "Ask about seats")
    assert following.is_late
    assert reverse("admin:crm_activity_done", args=[late.pk]) in shown.content.decode()
    team = {row["name"]: row for row in signed_in("manager").get(TEAM).context["team"]}
    assert team[str(tenant.users["agent"])]["standing"].overdue == 1


def test_a_task_without_a_day_is_shown_and_put_off_to_a_day(signed_in, actors):
    task = make_task(actors.agent, make_lead(actors.agent), 0, due_at=None, subject="Some day")
    make_task(actors.colleague, make_lead(actors.agent), 0, due_at=None)
    client = signed_in("agent")

    assert listed(client.get(HOME).context)["Without a day"] == ["Some day"]
    client.post(reverse("admin:crm_activity_snooze", args=[task.pk]), {"when": "tomorrow"})

    task.refresh_from_db()
    tomorrow = (timezone.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    # Midnight is a day without a time.
    assert task.due_at == tomorrow


def test_a_task_of_a_closed_lead_says_how_it_ended(signed_in, actors):
    lead = make_lead(actors.agent)
    make_task(actors.agent, lead, -1)
    make_task(actors.agent, make_lead(actors.agent), -1)
    close_lead(lead.pk, "lost", reason_lost="No budget", actor=actors.agent)

    page = signed_in("agent").get(HOME)

    assert [row["ending"] for row in page.context["todo"][0]["rows"]] == ["Lost", ""]
    assert '<span class="late">Lost</span>' in page.content.decode()


def test_managers_see_how_the_team_stands(signed_in, actors, tenant):
    lead = make_lead(actors.agent)
    make_lead(actors.manager)
    make_lead(actors.manager, leads_owner_id=None)
    make_task(actors.agent, lead, -2)
    Lead.objects.filter(pk=lead.pk).update(last_activity_at=timezone.now() - timedelta(days=30))

    home = signed_in("manager").get(HOME)
    assert f'hx-get="{TEAM}"' in home.content.decode()
    team = {row["name"]: row for row in signed_in("manager").get(TEAM).context["team"]}

    agent = team[str(tenant.users["agent"])]
    assert (agent["open"], agent["standing"].rotting, agent["standing"].overdue) == (
        {"number": 1, "sums": ["1,500 EUR"]},
        1,
        1,
    )
    assert team["Nobody"]["open"]["number"] == 1
    assert agent["leads"] == f"{reverse('admin:leads_lead_changelist')}?owned={tenant.users['agent'].pk}"
    part = signed_in("manager").get(TEAM, headers={"HX-Request": "true"}).content.decode()
    assert part.startswith("<section")
    assert signed_in("agent").get(TEAM).status_code == 403
    found = signed_in("manager").get(agent["leads"])
    assert [row.pk for row in found.context["cl"].result_list] == [lead.pk]


def test_a_task_is_done_put_off_and_opened_again_in_place(signed_in, actors):
    task = make_task(actors.agent, make_lead(actors.agent), -2, subject="Call back")
    client = signed_in("agent")

    def press(button: str, **fields: Any) -> Any:
        address = reverse(f"admin:crm_activity_{button}", args=[task.pk])
        return client.post(address, {"next": HOME, **fields}, follow=True)

    put_off = press("snooze", when="tomorrow")
    task.refresh_from_db()
    assert put_off.redirect_chain == [(HOME, 302)]
    assert sentences_of(put_off)[0].startswith("“Call back” is put off: Tomorrow, ")
    assert task.due_at is not None
    assert task.due_at.date() == (timezone.now() + timedelta(days=1)).date()
    refused = ["Choose a day, and a time such as 14:30 if you like."]
    for fields in ({"when": "never"}, {"day": "soon"}, {"day": "2026-01-31", "time": "late"}):
        assert messages_of(press("snooze", **fields)) == refused
    done = press("done")
    assert listed(done.context)["This week"] == []
    assert "“Call back” is done." in messages_of(done)[0]
    assert f'action="{reverse("admin:crm_activity_reopen", args=[task.pk])}"' in messages_of(done)[0]
    assert messages_of(press("snooze", when="tomorrow")) == [
        "Only a task, call or meeting that is not done can be moved to another day."
    ]
    assert messages_of(press("reopen")) == ["“Call back” is open again."]
    task.refresh_from_db()
    assert task.done_at is None
    # Another site is no way back.
    assert client.post(
        reverse("admin:crm_activity_done", args=[task.pk]), {"next": "//evil.example/"}
    ).headers["Location"] == reverse("admin:leads_lead_change", args=[task.object_id])


def test_a_call_is_logged_in_place_and_the_lead_stops_rotting(signed_in, actors):
    lead = make_lead(actors.agent)
    Lead.objects.update(last_activity_at=timezone.now() - timedelta(days=30))
    client = signed_in("agent")
    assert listed(client.get(HOME).context)["rotting"] == ["Deal"]

    page = client.post(
        reverse("admin:leads_lead_note", args=[lead.pk]),
        {"kind": "CALL", "text": "Wants a discount", "next": HOME},
        follow=True,
    )

    assert listed(page.context)["rotting"] == []
    assert messages_of(page) == ["The call was added."]
    # It took place: nothing of it is left to do.
    call = Activity.objects.get()
    assert (call.done_at, call.done_by_id) == (call.starts_at, actors.agent.user_id)
    assert listed(page.context)["Today"] == []


def test_buttons_are_for_those_who_may_and_for_what_they_see(signed_in, actors, other_actors):
    task = make_task(actors.agent, make_lead(actors.agent), 0)
    foreign = make_task(other_actors.agent, make_lead(other_actors.agent), 0)
    for button in ("done", "reopen", "snooze"):
        addresses = [
            reverse(f"admin:crm_activity_{button}", args=[key]) for key in (task.pk, foreign.pk, 10**9)
        ]
        assert signed_in("viewer").post(addresses[0], {"when": "tomorrow"}).status_code == 403
        answers = [signed_in("agent").post(address, {"when": "tomorrow"}) for address in addresses[1:]]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert signed_in("agent").get(addresses[0]).status_code == 405
    assert "Done:" not in signed_in("viewer").get(HOME).content.decode()
    assert not Activity.objects.exclude(done_at=None).exists()


def test_an_empty_company_shows_the_first_steps(signed_in, actors):
    steps = {
        role: [step.label for step in signed_in(role).get(HOME).context.get("first_steps", [])]
        for role in ("agent", "admin")
    }
    assert steps["agent"] == ["Add your first lead", "Add people"]
    assert steps["admin"][2:] == [
        "Fit the pipeline to your sales",
        "Connect your web form",
        "Complete your company",
        "Invite your colleagues",
    ]
    for step in signed_in("admin").get(HOME).context["first_steps"]:
        assert signed_in("admin").get(step.address).status_code == 200, step.label
    links = {role: reverse("admin:set_up") in signed_in(role).get(HOME).content.decode() for role in steps}
    assert links == {"agent": False, "admin": True}
    Company.objects.filter(pk=actors.agent.company_id).update(lead_visibility=LeadVisibility.OWN)
    make_lead(actors.agent)
    assert "first_steps" not in signed_in("agent").get(HOME).context


def test_statements_do_not_grow(signed_in, actors):
    client = signed_in("manager")
    counted: list[int] = []
    page: Any = None
    for number in (1, 12):
        for _ in range(number):
            person = {"firstname": "Jane", "organization": "Acme"}
            lead = make_lead(actors.manager, people=person)
            make_task(actors.manager, lead, -1)
            make_task(actors.manager, lead, 0)
            make_lead(actors.colleague)
        Lead.objects.filter(title="Deal").update(last_activity_at=timezone.now() - timedelta(days=30))
        with CaptureQueriesContext(connection) as queries:
            page = client.get(HOME)
            client.get(TEAM)
        counted.append(len(queries))
    assert len(page.context["rotting"]["rows"]) == 13
    assert counted[0] == counted[1]
