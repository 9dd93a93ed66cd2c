"""Activities of a record: notes, tasks, calls, meetings and e-mails."""

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, DateTimeField, F, Q, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from crm.actors import Actor
from crm.models.activity_kinds import (
    APPOINTMENTS,
    MOST_MINUTES,
    PLANNABLE,
    TALKS,
    ActivityKind,
    Direction,
    Priority,
    named_kind,
    takes,
)
from crm.models.base import Stamped
from crm.models.lifecycle import LIVE, LiveModel, LiveQuerySet
from crm.models.records import RecordLink, has_visible_record
from crm.recurrence import normalized_rule

LONGEST_TEXT = 100_000


#: When a task is due, or a call or meeting begins: one order for all that is planned.
PLANNED_AT = Coalesce("due_at", "starts_at")
#: What can be done and is not: of a million activities a small part. In one order, for the migrations.
OPEN = LIVE & Q(done_at=None, kind__in=sorted(PLANNABLE))
DONE = LIVE & Q(done_at__isnull=False, kind__in=sorted(PLANNABLE))
#: Tasks, and calls and meetings that were entered before their time. One that was entered later took place.
PLANNED = Q(kind=ActivityKind.TASK) | Q(kind__in=sorted(APPOINTMENTS), starts_at__gt=F("created_at"))


def took_place_at(now: object) -> Case:
    """Return when each activity took place, as an expression; null while it is planned.

    A note when it was written, a task when it was done, an e-mail when it was sent. A call or meeting took
    place at its time, or was done before; without a time it took place when it was entered.
    """
    entered = Coalesce("starts_at", "created_at")
    return Case(
        When(kind=ActivityKind.NOTE, then=F("created_at")),
        When(kind=ActivityKind.EMAIL, then=entered),
        When(Q(starts_at=None) | Q(starts_at__lte=now), kind__in=APPOINTMENTS, then=entered),
        default=F("done_at"),
        output_field=DateTimeField(null=True),
    )


def reminder_at() -> Coalesce:
    """Return the expression for when the assignee is to hear of an activity, null for never."""
    return Coalesce("remind_at", "due_at")


class ActivityQuerySet(LiveQuerySet["Activity"]):
    """Activities; an actor sees those of visible records."""

    def with_deleted_for(self, actor: Actor) -> Self:
        return super().with_deleted_for(actor).filter(has_visible_record(actor))

    def planned(self, now: object) -> Self:
        """Narrow to open tasks, and to calls and meetings that are still to come."""
        to_come = Q(kind__in=APPOINTMENTS, starts_at__gt=now)
        return self.filter(Q(kind=ActivityKind.TASK) | to_come, done_at=None)

    def to_do(self) -> Self:
        """Narrow to what was planned and is not done, also if its time is past; alias ``planned_at``."""
        # The kinds once more, as the partial indexes name them.
        return self.filter(PLANNED, kind__in=PLANNABLE, done_at=None).alias(planned_at=PLANNED_AT)

    def overdue(self, today: datetime) -> Self:
        """Narrow to what was to be done before a day, given its first moment, and is not done."""
        return self.to_do().filter(planned_at__lt=today)


class Activity(RecordLink, LiveModel):
    """Something that was done about a record, or is to be done: a note, task, call, meeting or e-mail."""

    kind = models.CharField(max_length=7, choices=ActivityKind.choices, default=ActivityKind.NOTE)
    subject = models.CharField(max_length=255, null=True, blank=True)
    text = models.TextField(blank=True, validators=[MaxLengthValidator(LONGEST_TEXT)])
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks"
    )
    due_at = models.DateTimeField(null=True, blank=True)
    #: When the assignee is reminded of it.
    remind_at = models.DateTimeField(null=True, blank=True)
    priority = models.CharField(
        max_length=6, choices=Priority.choices, default=Priority.NORMAL, db_default=Priority.NORMAL
    )
    #: Rule of RFC 5545 by which the next task is made when this one is done.
    recurrence = models.CharField(max_length=255, null=True, blank=True)
    #: The task that this one follows by its recurrence.
    previous = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, editable=False, related_name="next"
    )
    #: When a call or meeting begins, or an e-mail was sent.
    starts_at = models.DateTimeField(null=True, blank=True)
    minutes = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_MINUTES)]
    )
    direction = models.CharField(max_length=3, choices=Direction.choices, null=True, blank=True)
    outcome = models.CharField(max_length=255, null=True, blank=True)
    participants = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="ActivityParticipant", related_name="+"
    )
    done_at = models.DateTimeField(null=True, blank=True, editable=False)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    door = models.CharField(max_length=8, editable=False, default="graphql")
    #: Whether it is planned, or its time has come and its record was not yet told.
    is_awaited = models.BooleanField(default=False, db_default=False, editable=False)

    objects: ClassVar[ActivityQuerySet] = ActivityQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "activities"
        indexes = [
            models.Index("content_type", "object_id", models.F("id").desc(), name="activity_of_record"),
            models.Index("assignee", PLANNED_AT, condition=OPEN, name="activity_open"),
            models.Index("company", PLANNED_AT, condition=OPEN, name="activity_planned"),
            # The calendar shows what was done on a day too.
            models.Index("company", PLANNED_AT, condition=DONE, name="activity_done_planned"),
            models.Index(
                fields=["company", "starts_at"],
                condition=LIVE & Q(starts_at__isnull=False),
                name="activity_starts",
            ),
            models.Index(fields=["starts_at"], condition=LIVE & Q(is_awaited=True), name="activity_awaited"),
            models.Index(
                reminder_at(),
                condition=LIVE & models.Q(done_at=None, assignee__isnull=False),
                name="activity_reminder",
            ),
        ]

    def __str__(self) -> str:
        return self.subject or self.text[:80]

    @property
    def words(self) -> str:
        """Return subject, text and outcome in one text, as a timeline shows them."""
        minutes = self.minutes and f"{self.minutes} minute{'' if self.minutes == 1 else 's'}"
        minutes = self.minutes and f"{self.minutes} minute{'' if self.minutes == 1 else 's'}"
        details = (self.direction and self.get_direction_display(), minutes)
        outcome = self.outcome and f"Outcome: {self.outcome}"
        lines = (self.subject, ", ".join(part for part in details if part), self.text, outcome)
        return "\n".join(line for line in lines if line)

    @property
    def was_planned(self) -> bool:
        """Whether it is a task, or a call or meeting that was entered before its time: ``PLANNED``."""
        is_later = self.starts_at is not None and self.starts_at > self.created_at
        return self.kind == ActivityKind.TASK or (self.kind in APPOINTMENTS and is_later)

    @property
    def is_open(self) -> bool:
        """Whether it is to be done, as ``to_do`` narrows rows."""
        return self.was_planned and self.done_at is None

    @property
    def planned_for(self) -> datetime | None:
        """When a task is due, or a call or meeting begins."""
        return self.due_at or self.starts_at

    def is_overdue(self, today: datetime) -> bool:
        """Return whether it was to be done before a day, given its first moment, as ``overdue`` does."""
        return self.is_open and self.planned_for is not None and self.planned_for < today

    def took_place(self, now: datetime) -> datetime | None:
        """Return when it took place, as ``took_place_at`` does for stored rows."""
        if self.kind == ActivityKind.NOTE:
            return self.created_at
        if self.kind in TALKS and not self.is_to_come(now):
            return self.starts_at or self.created_at
        return self.done_at

    def is_to_come(self, now: datetime) -> bool:
        """Return whether it is a call or meeting at a later time."""
        return self.kind in APPOINTMENTS and self.starts_at is not None and self.starts_at > now

    def clean(self) -> None:
        # Nothing is planned or assigned by a note.
        if self.kind == ActivityKind.NOTE and (self.due_at or self.done_at or self.assignee_id):
            raise ValidationError({"kind": "A note has no due date, assignee or end."})
        # A talk has a time: the present, where none is given for a new one.
        if self._state.adding and self.kind in TALKS:
            self.starts_at = self.starts_at or timezone.now()
        errors = self._missing() | self._surplus()
        if self.recurrence and "recurrence" not in errors:
            try:
                self.recurrence = normalized_rule(self.recurrence)
            except ValueError as refused:
                errors["recurrence"] = str(refused)
        limit = self.due_at if self.kind == ActivityKind.TASK else self.starts_at
        if self.remind_at and limit and self.remind_at > limit:
            errors.setdefault("remind_at", "The reminder comes too late: choose a time before it is due.")
        if errors:
            raise ValidationError(errors)

    def _surplus(self) -> dict[str, str]:
        """Return an error for each field that activities of this kind do not have."""
        errors = {}
        for field in self._meta.concrete_fields:
            value = getattr(self, field.attname)
            if not takes(self.kind, field.name) and value not in (None, "", field.get_default()):
                label = field.verbose_name if field.name != "starts_at" else "time"
                errors[field.name] = f"{named_kind(self.kind)} has no {label}."
        return errors

    def _missing(self) -> dict[str, str]:
        errors = {}
        # A note is its text; of the others a subject says enough.
        if not self.text and (self.kind == ActivityKind.NOTE or not self.subject):
            wanted = "a text" if self.kind == ActivityKind.NOTE else "a subject or a text"
            errors["text"] = f"Enter {wanted}."
        if self.kind in TALKS and self.starts_at is None:
            errors["starts_at"] = f"{named_kind(self.kind)} has a time."
        if self.recurrence and self.due_at is None:
            errors["recurrence"] = "A task that repeats has a due date."
        return errors


class ActivityParticipant(Stamped):
    """A member who takes part in an activity, such as a meeting."""

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="participations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "user"],
                name="activity_participant_once",
                violation_error_message="This user takes part already.",
            )
        ]

    def __str__(self) -> str:
        return str(self.user)
