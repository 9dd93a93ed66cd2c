"""The admin page of the background work, and what /readyz tells of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.background import rows
from crm.background.backlog import backlog, late_parts
from crm.background.registry import RUNNING, parts
from crm.models import (
    Event,
    ImportJob,
    Membership,
    NotificationMail,
    WebhookDelivery,
    WebhookEndpoint,
    WorkPart,
)
from tests.admin.conftest import messages_of
from tests.factories.crm import UserFactory
from tests.leases import taken

LIST = "admin:crm_workpart_changelist"


@pytest.fixture
def waits(tenant):
    """One of each that waits: an import, a webhook, an event; and one of each that does not."""
    company, ago = tenant.company, timezone.now() - timedelta(minutes=5)
    rows.add_missing(parts().values(), RUNNING)
    leased = {"leased_by": "x", "leased_until": timezone.now() + timedelta(hours=1)}
    jobs: list[dict[str, Any]] = [{}, {"status": "COMPLETED"}, leased]
    for number, values in enumerate(jobs):
        job = ImportJob.objects.create(company=company, model="PEOPLE", fingerprint=str(number), **values)
        ImportJob.objects.filter(pk=job.pk).update(created_at=ago)
    for paused_at in (None, timezone.now()):
        endpoint = WebhookEndpoint.objects.create(company=company, name="E", paused_at=paused_at)
        for due in (ago, timezone.now() + timedelta(hours=1)):
            WebhookDelivery.objects.create(
                company=company, endpoint=endpoint, type="t", place=0, occurred_at=ago, next_attempt_at=due
            )
    membership = Membership.objects.filter(company=company).earliest("pk")
    for at in (ago, timezone.now() + timedelta(hours=1), None):
        NotificationMail.objects.create(membership=membership, next_attempt_at=at)
    Event.objects.all().delete()
    Event.objects.create(company=company, entity="lead", object_id=1, kind="updated", door="graphql")


@pytest.fixture
def superuser(db):
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def test_backlog_counts_what_waits_for_the_work_alone(waits):
    counted: dict[str, Any] = backlog()

    kinds = ("imports", "webhooks", "mails")
    ages = [counted.pop(f"{kind}_oldest_seconds") for kind in kinds]
    assert counted == {
        "imports_waiting": 1,
        "imports_running": 1,
        "webhooks_due": 1,
        "mails_due": 1,
        "events_unnumbered": 1,
    }
    assert all(300 <= age < 900 for age in ages)


def test_superusers_see_the_work_and_run_parts_now(superuser, waits):
    taken("sessions")
    failing = taken("files")
    rows.fail(failing, "OSError: no space", milliseconds=1500)
    WorkPart.objects.filter(name="tallies").update(next_run_at=timezone.now() - timedelta(hours=1))
    WorkPart.objects.create(name="of_a_former_version")
    before = {row.name: row.next_run_at for row in WorkPart.objects.all()}
    assert not WorkPart.objects.due().filter(name="files").exists()

    shown = superuser.get(reverse(LIST))
    text = shown.content.decode()
    page = superuser.get(reverse("admin:crm_workpart_change", args=[failing.key]))
    chosen = WorkPart.objects.filter(name__in=["files", "imports"]).values_list("pk", flat=True)
    action = {"action": "run_selected_now", "_selected_action": [str(key) for key in chosen]}
    ran = superuser.post(reverse(LIST), action, follow=True)

    assert shown.context["late"] == [
        *("Exports", "Imports", "Notification mails", "Notifications", "Tallies", "Webhooks")
    ]
    assert ("Imports that wait", "1") in shown.context["waiting"]
    assert "OSError: no space" in text
    assert "1.5 s" in text
    assert "Remove ended sessions" in text
    assert "OSError: no space" in page.content.decode()
    assert messages_of(ran) == [
        "Parts that run as soon as a process of manage.py work is free: 1.",
        "Parts that always run, and those at work, run already.",
    ]
    after = {row.name: row.next_run_at for row in WorkPart.objects.all()}
    assert {name for name, at in after.items() if at != before[name]} == {"files"}
    assert WorkPart.objects.due().filter(name="files").exists()
    for page in ("add", "delete"):
        arguments = [] if page == "add" else [failing.key]
        assert superuser.get(reverse(f"admin:crm_workpart_{page}", args=arguments)).status_code == 403


def test_the_administrators_of_companies_see_nothing_of_the_work(signed_in, waits):
    client = signed_in("admin")
    key = WorkPart.objects.get(name="files").pk

    assert client.get(reverse(LIST)).status_code == 403
    action = {"action": "run_selected_now", "_selected_action": [str(key)]}
    before = WorkPart.objects.get(pk=key).next_run_at
    assert client.post(reverse(LIST), action).status_code == 403
    assert WorkPart.objects.get(pk=key).next_run_at == before
    assert "workpart" not in client.get("/admin/").content.decode()


@pytest.mark.parametrize("token", ["", "a secret"])
@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer wrong", "Bearer é", "a secret"])
def test_strangers_are_told_nothing_of_the_work(waits, settings, token, header):
    settings.MONITORING_TOKEN = token

    answer = Client().get("/readyz", headers={"authorization": header} if header else {})

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_monitoring_is_told_of_the_work(waits, settings):
    settings.MONITORING_TOKEN = "a secret"
    rows.note_running("webhooks", {"accepted": 2})
    rows.note_running("notifications", {"made": 1})
    rows.note_running("notification_mails", {"sent": 1})
    rows.note_running("exports", {"written": 1})
    rows.note_failing("imports", "OperationalError: away")

    answer = Client().get("/readyz", headers={"authorization": "Bearer a secret"}).json()

    assert answer["status"] == "ok"
    assert answer["work"]["backlog"]["webhooks_due"] == 1
    assert answer["work"]["late"] == late_parts() == ["imports"]
    told = answer["work"]["parts"]
    assert set(told) == {*RUNNING, *parts()}
    assert (told["webhooks"]["outcome"], told["webhooks"]["result"]) == ("DONE", {"accepted": 2})
    assert 0 <= told["webhooks"]["age_seconds"] < 300
    assert (told["imports"]["outcome"], told["imports"]["error"]) == ("FAILED", "OperationalError: away")
    assert (told["files"]["outcome"], told["files"]["age_seconds"]) == (None, None)


def test_the_page_takes_as_many_statements_for_all_parts_as_for_one(superuser, waits):
    def statements():
        with CaptureQueriesContext(connection) as captured:
            assert superuser.get(reverse(LIST)).status_code == 200
        return len(captured)

    many = statements()
    WorkPart.objects.exclude(name="files").delete()

    assert statements() == many
