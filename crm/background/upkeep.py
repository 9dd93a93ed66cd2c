"""The parts of the upkeep that belong to crm."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from crm.background.registry import Counts, Part, Problem, register, removes_older_than
from crm.database.batches import Batch, delete_in_batches
from crm.database.statistics import outdated_tables, renew_statistics
from crm.events import retention
from crm.importing import retention as imports
from crm.services import (
    audit,
    export_jobs,
    idempotency,
    lockout,
    notifications,
    orphans,
    started_activities,
    tallies,
    tokens,
)
from crm.webhooks import deliveries, endpoints

#: Age at which a file that is on no record is removed, and a stored content that no row names.
ORPHAN_AGE = timedelta(hours=24)
#: Age of a counter of failed sign-ins, from the last one.
FAILURES_AGE = timedelta(hours=24)
WEEKLY = timedelta(days=7)
EACH_MINUTE = timedelta(minutes=1)
#: What a statement of a part may take that reads or counts whole tables.
LONGEST_STATEMENT = "5min"


def _events(batch: Batch) -> Counts:
    return {"events": retention.prune(batch=batch)}


def _activities(batch: Batch) -> Counts:
    return {"activities": started_activities.record_started(batch=batch)}


def _deliveries(batch: Batch) -> Counts:
    return {"deliveries": deliveries.prune(batch=batch)}


def _keys(batch: Batch) -> Counts:
    return {"keys": idempotency.prune(batch=batch)}


def _files(batch: Batch) -> Counts:
    before = timezone.now() - ORPHAN_AGE
    removed = orphans.remove_orphans(before=before, batch=batch)
    import_files = imports.remove_orphaned_files(before=before, batch=batch)
    return {"files": removed.files, "contents": removed.contents, "import_files": import_files}


def _import_jobs(before: datetime, batch: Batch) -> Counts:
    return {"jobs": imports.prune(before=before, batch=batch)}


def _exports(before: datetime, batch: Batch) -> Counts:
    return {"exports": export_jobs.prune(before=before, batch=batch)}


def _tokens(before: datetime, batch: Batch) -> Counts:
    return {"tokens": tokens.prune_tokens(before=before, batch=batch)}


def _notifications(before: datetime, batch: Batch) -> Counts:
    return {"notifications": notifications.prune(before=before, batch=batch)}


def _audit_entries(before: datetime, batch: Batch) -> Counts:
    return {"entries": audit.prune(before=before, batch=batch)}


def _sign_in_failures(batch: Batch) -> Counts:
    return {"counters": lockout.prune(before=timezone.now() - FAILURES_AGE, batch=batch)}


def _secrets(batch: Batch) -> Counts:
    return {"secrets": endpoints.forget_replaced_secrets(batch=batch)}


def _sessions(batch: Batch) -> Counts:
    ended = Session.objects.filter(expire_date__lt=timezone.now())
    return {"sessions": delete_in_batches(ended, batch=batch)}


def _statistics(batch: Batch) -> Counts:
    tables = outdated_tables()
    for table in tables:
        with batch(), _long_statements():
            renew_statistics(table)
    return {"tables": len(tables)}


def _tallies(batch: Batch) -> Counts:
    with batch(), _long_statements():
        wrong = len(tallies.find_wrong_tallies())
    if wrong:
        raise Problem(f"{wrong} tallies are wrong: run manage.py check_tallies --fix.")
    return {"wrong": wrong}


@contextmanager
def _long_statements() -> Iterator[None]:
    """Let the statements of this transaction take long."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{LONGEST_STATEMENT}'")
    yield


def register_parts() -> None:
    """Register the parts of crm."""
    for part in (
        Part(
            name="started_activities",
            purpose="Count calls and meetings whose time has come as activities of their records",
            run=_activities,
            every=EACH_MINUTE,
        ),
        Part(name="events", purpose="Remove old events of the log", run=_events),
        Part(name="webhook_deliveries", purpose="Remove old finished webhook deliveries", run=_deliveries),
        Part(name="idempotency_keys", purpose="Remove expired idempotency keys", run=_keys),
        Part(
            name="import_jobs",
            purpose="Remove old finished imports and the reports of their rows",
            run=removes_older_than(lambda: settings.IMPORT_RETENTION_DAYS, _import_jobs),
        ),
        Part(
            name="old_exports",
            purpose="Remove old exports with their files",
            run=removes_older_than(lambda: settings.EXPORT_RETENTION_DAYS, _exports),
        ),
        Part(
            name="api_tokens",
            purpose="Remove API tokens that expired or were revoked long ago",
            run=removes_older_than(lambda: settings.API_TOKEN_RETENTION_DAYS, _tokens),
        ),
        Part(
            name="old_notifications",
            purpose="Remove old notifications",
            run=removes_older_than(lambda: settings.NOTIFICATION_RETENTION_DAYS, _notifications),
        ),
        Part(
            name="audit_entries",
            purpose="Remove old entries of the audit list",
            run=removes_older_than(lambda: settings.AUDIT_RETENTION_DAYS, _audit_entries),
        ),
        Part(
            name="sign_in_failures",
            purpose="Remove counters of failed sign-ins that lock nobody any more",
            run=_sign_in_failures,
        ),
        Part(name="webhook_secrets", purpose="Forget replaced webhook secrets", run=_secrets),
        Part(name="sessions", purpose="Remove ended sessions", run=_sessions),
        Part(name="files", purpose="Remove files that are on no record, and of no import", run=_files),
        Part(name="statistics", purpose="Renew the planner's statistics of changed tables", run=_statistics),
        Part(name="tallies", purpose="Compare the tallies with the rows", run=_tallies, every=WEEKLY),
    ):
        register(part)
