"""The backlog of the background work and the state of its parts, for /readyz and the admin."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from crm.background.registry import RUNNING, parts
from crm.models.events import Event
from crm.models.imports import ImportJob
from crm.models.notifications import NotificationMail
from crm.models.webhooks import WebhookDelivery, WebhookEndpoint
from crm.models.work import WorkPart

#: Rows are counted up to this number, so that a long backlog does not make its own count slow.
MOST_COUNTED = 10_000
#: A part is late that should have run so long ago.
LATE = timedelta(minutes=10)


def backlog() -> dict[str, int | None]:
    """Return what waits, and since when, in seconds; None where nothing waits."""
    waiting = ImportJob.objects.for_workers()
    # Those of paused endpoints wait for a person.
    due = WebhookDelivery.objects.due(timezone.now()).filter(endpoint__in=WebhookEndpoint.objects.open())
    mails = NotificationMail.objects.filter(next_attempt_at__lte=Now())
    return {
        "imports_waiting": _count(waiting.unleased()),
        "imports_running": _count(waiting.filter(leased_until__gt=Now())),
        "imports_oldest_seconds": _age(waiting.unleased().aggregate(at=Min("created_at"))["at"]),
        "webhooks_due": _count(due),
        "webhooks_oldest_seconds": _age(due.aggregate(at=Min("next_attempt_at"))["at"]),
        "mails_due": _count(mails),
        "mails_oldest_seconds": _age(mails.aggregate(at=Min("next_attempt_at"))["at"]),
        "events_unnumbered": _count(Event.objects.filter(seq=None)),
    }


def late_parts() -> list[str]:
    """Return the names of the parts that should have run, because no process does this work or it failed."""
    at = _database_time()
    long_ago = at - timedelta(days=1)
    return [
        row.name
        for row in _rows()
        if (row.next_run_at or row.last_started_at or long_ago) < at - LATE
        and (row.leased_until is None or row.leased_until < at)
    ]


def state() -> dict[str, Any]:
    """Return backlog and parts for programs that watch the installation."""
    at = _database_time()
    return {
        "backlog": backlog(),
        "late": late_parts(),
        "parts": {
            row.name: {
                "age_seconds": None if row.last_finished_at is None else _seconds(at - row.last_finished_at),
                "last_started_at": row.last_started_at,
                "last_finished_at": row.last_finished_at,
                "next_run_at": row.next_run_at,
                "outcome": row.outcome or None,
                "error": row.error,
                "failures": row.failures,
                "result": row.result,
            }
            for row in _rows()
        },
    }


def _rows() -> list[WorkPart]:
    # Those of a former version may have left rows.
    return list(WorkPart.objects.filter(name__in=[*RUNNING, *parts()]).order_by("name"))


def _database_time() -> datetime:
    [at] = WorkPart.objects.annotate(now=Now()).values_list("now", flat=True)[:1] or [timezone.now()]
    return at


def _seconds(age: timedelta) -> int:
    return max(0, round(age.total_seconds()))


def _count(rows: QuerySet[Any]) -> int:
    return rows[:MOST_COUNTED].count()


def _age(since: datetime | None) -> int | None:
    return None if since is None else _seconds(timezone.now() - since)
