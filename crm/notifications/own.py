"""The sources of notifications in crm: mentions, imports that end, and tasks that are due."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef

from crm.events.audience import IMPORT, MENTION, Event
from crm.models import Activity, ActivityKind, ImportJob, ImportStatus, Notification, NotificationKind, User
from crm.models.activities import reminder_at
from crm.models.custom_fields import EntityKind
from crm.notifications.sources import Found, Notice, TimedSource, Window, register_events, register_timed

RECORDS = {EntityKind.LEAD: "leads", EntityKind.PEOPLE: "people", EntityKind.ORGANIZATION: "organizations"}


def names_of(users: Iterable[int | None]) -> dict[int | None, str]:
    """Return the names of users; nobody is called the CRM."""
    found = User.objects.filter(pk__in={user for user in users if user is not None})
    return {None: "The CRM", **{user.pk: str(user) for user in found}}


def read_mentions(events: Sequence[Event]) -> Iterator[Notice]:
    """Yield a notice for each member who is named in a note, once a note, however often it is edited."""
    notes = Activity.objects.filter(pk__in={event.object_id for event in events}, deleted_at=None)
    by_key = {note.pk: note for note in notes.select_related("content_type")}
    names = names_of(event.actor_id for event in events)
    for event in events:
        note = by_key.get(event.object_id)
        if note is None:
            continue
        for user in sorted(event.after or ()):
            if user != event.actor_id:
                yield Notice(
                    company_id=event.company_id,
                    user_id=user,
                    kind=NotificationKind.MENTIONED,
                    key=f"mention:{note.pk}",
                    text=f"{names.get(event.actor_id, 'Somebody')} mentioned you: {note.text}",
                    about=_record_of(note),
                    activity_id=note.pk,
                    by_id=event.actor_id,
                )


def _record_of(activity: Activity) -> tuple[Any, int]:
    return activity.content_type.model_class(), activity.object_id


def read_imports(events: Sequence[Event]) -> Iterator[Notice]:
    """Yield a notice for whoever started an import that has ended."""
    jobs = ImportJob.objects.in_bulk({event.object_id for event in events})
    for event in events:
        job = jobs.get(event.object_id)
        if job is not None and job.user_id is not None:
            yield Notice(
                company_id=event.company_id,
                user_id=job.user_id,
                kind=NotificationKind.IMPORT_DONE,
                key=f"import:{job.pk}",
                text=_outcome(job),
                about=(ImportJob, job.pk),
            )


def _outcome(job: ImportJob) -> str:
    what = f"Import of {job.filename or RECORDS[EntityKind(job.model)]}"
    if job.status == ImportStatus.FAILED:
        return f"{what} failed: {job.error}"
    counts = ", ".join(f"{getattr(job, name)} {name}" for name in ("created", "updated", "skipped", "failed"))
    return f"{what} {'was tried out' if job.dry_run else 'is done'}: {counts}"


def find_due(window: Window) -> Found:
    """Tell assignees of open tasks whose reminder, or else due date, has come."""
    told = Notification.objects.filter(
        activity=OuterRef("pk"), user=OuterRef("assignee"), moment=OuterRef("reminder")
    )
    rows = Activity.objects.alias(reminder=reminder_at()).filter(
        ~Exists(told),
        deleted_at=None,
        done_at=None,
        assignee__isnull=False,
        reminder__gt=window.after,
        reminder__lte=window.until,
        pk__gt=window.last_key,
    )
    found = list(
        rows.annotate(moment=F("reminder")).select_related("content_type").order_by("pk")[: window.limit]
    )
    return Found(
        notices=[_due(activity) for activity in found],
        last_key=found[-1].pk if len(found) == window.limit else None,
    )


def _due(activity: Any) -> Notice:
    title = activity.subject or activity.text
    return Notice(
        company_id=activity.company_id,
        user_id=activity.assignee_id,
        kind=NotificationKind.TASK_DUE,
        # To the microsecond: a task that is moved is due again.
        key=f"due:{activity.pk}:{activity.moment.timestamp():f}",
        text=f"{'Task due' if activity.kind == ActivityKind.TASK else 'Reminder'}: {title}",
        about=_record_of(activity),
        activity_id=activity.pk,
        moment=activity.moment,
    )


def register_own() -> None:
    """Register the sources of crm."""
    register_events(MENTION, read_mentions)
    register_events(IMPORT, read_imports)
    register_timed(TimedSource(name="tasks", every=timedelta(seconds=5), find=find_due))
