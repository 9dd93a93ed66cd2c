"""Each kind of row is kept for as long as docs/operations.md says."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.background import rows
from crm.background.registry import parts
from crm.models import (
    AuditEntry,
    AuditEvent,
    Event,
    ExportJob,
    IdempotencyKey,
    ImportJob,
    ImportRowError,
    Membership,
    Notification,
    NotificationMail,
    SignInFailures,
    WebhookDelivery,
    WebhookEndpoint,
    WorkPart,
)
from crm.services.files import store_file
from crm.webhooks.endpoints import OVERLAP
from leads.models import LeadReceiver, LeadRoutingLog, ReceiverAttempt
from tests.factories import leads as lead_factories
from tests.factories.crm import ApiTokenFactory, Tenant
from tests.file_samples import upload

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).parent.parent.parent / "docs" / "operations.md"
ROW = re.compile(
    r"^\| ([^|]+) \| (\d+) (days|hours) \| [^|]+ \| (?:`([A-Z_]+)`)? ?\| `(\w+)` \|$", re.MULTILINE
)
#: Parts that remove nothing.
OTHERS = {"statistics", "tallies", "started_activities"}
SESSION_AGE = timedelta(days=14)


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path) -> None:
    """Have files that nobody removes stay here alone."""
    own = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": own}


#: Makes something of an age, and returns whether it is still there.
Make = Callable[[Tenant, timedelta], Callable[[], bool]]


def of_row(row: models.Model) -> Callable[[], bool]:
    return lambda: type(row)._default_manager.filter(pk=row.pk).exists()


def dated(row: models.Model, age: timedelta, *names: str) -> models.Model:
    """Set when a row was made or ended: most such columns set themselves."""
    type(row)._default_manager.filter(pk=row.pk).update(**dict.fromkeys(names, timezone.now() - age))
    return row


def event(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    row = Event.objects.create(
        company=tenant.company, entity="lead", object_id=1, kind="updated", door="graphql"
    )
    return of_row(dated(row, age, "created_at"))


def delivery(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    def make(status: str) -> models.Model:
        row = WebhookDelivery.objects.create(
            company=tenant.company,
            endpoint=endpoint,
            type="lead.created",
            place=0,
            occurred_at=timezone.now(),
            status=status,
        )
        return dated(row, age, "created_at")

    endpoint = WebhookEndpoint.objects.create(company=tenant.company, name="Old", paused_at=timezone.now())
    arrived, given_up, waiting = map(make, ("DELIVERED", "FAILED", "PENDING"))

    def is_there() -> bool:
        assert of_row(waiting)()
        assert of_row(arrived)() == of_row(given_up)()
        return of_row(arrived)()

    return is_there


def secret(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    row = WebhookEndpoint.objects.create(company=tenant.company, name="Turned", previous_secret="former")
    dated(row, age - OVERLAP, "previous_secret_until")
    kept = WebhookEndpoint.objects.filter(pk=row.pk)
    return lambda: kept.get().previous_secret == "former"


def idempotency_key(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    row = IdempotencyKey.objects.create(
        company=tenant.company, account="1", key=uuid4().hex, response_key="x"
    )
    return of_row(dated(row, age, "created_at"))


def attempt(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    receiver = LeadReceiver.objects.create(company=tenant.company, name="Form")
    lead = lead_factories.LeadFactory(company=tenant.company)
    row = ReceiverAttempt.objects.create(
        company=tenant.company, receiver=receiver, lead=lead, payload={}, last_seen_at=timezone.now()
    )
    log = LeadRoutingLog.objects.create(company=tenant.company, lead=lead, attempt=row)
    dated(row, age, "created_at")

    def is_there() -> bool:
        # What came of it stays.
        assert of_row(lead)()
        assert of_row(log)()
        return of_row(row)()

    return is_there


def import_job(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    def make(status: str) -> ImportJob:
        return ImportJob.objects.create(
            company=tenant.company,
            model="PEOPLE",
            status=status,
            payload={"rows": []},
            fingerprint=uuid4().hex,
        )

    done, waiting = make("COMPLETED"), make("QUEUED")
    report = ImportRowError.objects.create(job=done, row=1)
    dated(done, age, "finished_at")
    # However long it has waited.
    dated(waiting, age, "created_at")

    def is_there() -> bool:
        assert of_row(waiting)()
        assert of_row(report)() == of_row(done)()
        return of_row(done)()

    return is_there


def export_job(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    def make(status: str) -> models.Model:
        row = ExportJob.objects.create(company=tenant.company, model="PEOPLE", format="CSV", status=status)
        return dated(row, age, "created_at")

    done, waiting = make("COMPLETED"), make("QUEUED")
    dated(done, age, "finished_at")

    def is_there() -> bool:
        assert of_row(waiting)()
        return of_row(done)()

    return is_there


def stored(directory: str, tenant: Tenant, age: timedelta) -> str:
    name = default_storage.save(f"{directory}/{tenant.company.pk}/{uuid4().hex}", ContentFile(b"x"))
    at = (timezone.now() - age).timestamp()
    os.utime(default_storage.path(name), (at, at))
    return name


def import_file(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    left, waiting = (stored("imports", tenant, age) for _ in range(2))
    ImportJob.objects.create(
        company=tenant.company, model="PEOPLE", payload={"file": waiting}, fingerprint=uuid4().hex
    )

    def is_there() -> bool:
        assert default_storage.exists(waiting)
        return default_storage.exists(left)

    return is_there


def file(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    row = store_file(upload("a.pdf"), actor=tenant.actors.agent)
    name = str(row.stored.name)
    dated(row, age, "created_at")

    def is_there() -> bool:
        assert default_storage.exists(name) == of_row(row)()
        return of_row(row)()

    return is_there


def content(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    name = stored("files", tenant, age)
    return lambda: default_storage.exists(name)


def token(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    def make(*names: str) -> models.Model:
        row = ApiTokenFactory(company=tenant.company, user=tenant.users["agent"])
        return dated(row, age, "created_at", *names)

    expired, revoked, good = make("expires_at"), make("revoked_at"), make("last_used_at")

    def is_there() -> bool:
        assert of_row(good)()
        assert of_row(expired)() == of_row(revoked)()
        return of_row(expired)()

    return is_there


def audit_entry(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    row = AuditEntry.objects.create(company=tenant.company, event=AuditEvent.SIGN_IN)
    return of_row(dated(row, age, "created_at"))


def failures(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    row = SignInFailures.objects.create(key=uuid4().hex)
    return of_row(dated(row, age, "updated_at"))


def session(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    row = Session.objects.create(session_key=uuid4().hex, session_data="", expire_date=timezone.now())
    return of_row(dated(row, age - SESSION_AGE, "expire_date"))


def notification(tenant: Tenant, age: timedelta) -> Callable[[], bool]:
    membership = Membership.objects.get(user=tenant.users["agent"])
    mail = NotificationMail.objects.create(
        membership=membership, sent_at=timezone.now(), next_attempt_at=None
    )
    row = Notification.objects.create(
        company=tenant.company,
        user=tenant.users["agent"],
        kind="LEAD_ASSIGNED",
        content_type=ContentType.objects.get_for_model(LeadReceiver),
        object_id=1,
        key=uuid4().hex,
        delivery="MAIL",
        mail=mail,
    )
    dated(row, age, "created_at")
    dated(mail, age, "created_at")

    def is_there() -> bool:
        assert of_row(row)() == of_row(mail)()
        return of_row(row)()

    return is_there


CASES: dict[str, Make] = {
    "events of the log": event,
    "webhook deliveries that arrived or were given up": delivery,
    "replaced webhook secrets": secret,
    "idempotency keys and their answers": idempotency_key,
    "attempts of receivers, with the messages of e-mails": attempt,
    "finished imports and the reports of their rows": import_job,
    "finished exports and their files": export_job,
    "files of imports that no import waits for": import_file,
    "files that are on no record": file,
    "stored contents that belong to no file": content,
    "notifications and their mails": notification,
    "API tokens that expired or were revoked": token,
    "entries of the audit list": audit_entry,
    "counters of failed sign-ins": failures,
    "sessions": session,
}


def table() -> dict[str, tuple[timedelta, str, str]]:
    """Return the age, the setting and the part of each kind of row in the table of the page."""
    section = PAGE.read_text().split("## What is kept how long\n")[1].split("\n## ")[0]
    return {
        what: (timedelta(**{unit: int(number)}), setting, part)
        for what, number, unit, setting, part in ROW.findall(section)
    }


def test_what_is_in_the_table_is_gone_after_its_time_and_not_before(
    tenant, settings, django_capture_on_commit_callbacks
):
    def keep_up() -> None:
        rows.run_now(parts())
        with django_capture_on_commit_callbacks(execute=True):
            call_command("work", only="upkeep", once=True)

    kept = table()
    assert set(kept) == set(CASES)
    assert {part for _, _, part in kept.values()} == set(parts()) - OTHERS
    # Those of events first: the log is pruned from its beginning.
    old = {what: make(tenant, kept[what][0] + timedelta(hours=1)) for what, make in CASES.items()}
    young = {what: make(tenant, kept[what][0] - timedelta(hours=1)) for what, make in CASES.items()}
    ages = {setting: kept[what][0] for what, (_, setting, _) in kept.items() if setting}
    assert {setting: timedelta(days=getattr(settings, setting)) for setting in ages} == ages

    optional = [setting for setting in ages if setting != "EVENT_RETENTION_DAYS"]
    assert len(optional) == 6
    for setting in optional:
        setattr(settings, setting, 0)
    keep_up()

    assert {what for what, is_there in old.items() if is_there()} == {
        what for what, (_, setting, _) in kept.items() if setting in optional
    }

    for setting in optional:
        setattr(settings, setting, ages[setting].days)
    keep_up()

    assert {what for what, is_there in old.items() if is_there()} == set()
    assert {what for what, is_there in young.items() if not is_there()} == set()
    assert set(WorkPart.objects.filter(name__in=parts()).values_list("outcome", "error")) == {("DONE", "")}


def test_many_old_rows_take_as_many_statements_as_one(tenant):
    kept = table()
    # Files are removed one by one, each with its content.
    names = sorted({part for _, _, part in kept.values()} - {"files"})

    def statements(number: int) -> int:
        for what, make in CASES.items():
            for _ in range(number if kept[what][2] in names else 0):
                make(tenant, kept[what][0] + timedelta(days=1))
        rows.run_now(names)
        with CaptureQueriesContext(connection) as captured:
            call_command("work", only=",".join(names), once=True)
        return len(captured)

    statements(1)
    few = statements(1)
    assert statements(7) == few
