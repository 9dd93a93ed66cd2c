"""Notes and tasks about a record."""

from typing import ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models

from crm.actors import Actor
from crm.models.base import Stamped
from crm.models.lifecycle import LIVE, LiveModel, LiveQuerySet
from crm.models.records import RecordLink, has_visible_record

LONGEST_TEXT = 100_000


class ActivityKind(models.TextChoices):
    """A note about what happened, a task to be done, or a talk with somebody."""

    NOTE = "NOTE", "Note"
    TASK = "TASK", "Task"
    CALL = "CALL", "Call"
    MEETING = "MEETING", "Meeting"
    EMAIL = "EMAIL", "E-mail"


class Direction(models.TextChoices):
    """Whether a call or e-mail came in or went out."""

    IN = "IN", "Incoming"
    OUT = "OUT", "Outgoing"


class Priority(models.TextChoices):
    LOW = "LOW", "Low"
    NORMAL = "NORMAL", "Normal"
    HIGH = "HIGH", "High"


class ActivityQuerySet(LiveQuerySet["Activity"]):
    """Notes and tasks; an actor sees those of visible records."""

    def with_deleted_for(self, actor: Actor) -> Self:
        return super().with_deleted_for(actor).filter(has_visible_record(actor))


class Activity(RecordLink, LiveModel):
    """A note about a record, or a task with an assignee and a due date."""

    kind = models.CharField(max_length=7, choices=ActivityKind.choices, default=ActivityKind.NOTE)
    subject = models.CharField(max_length=255, null=True, blank=True)
    text = models.TextField(validators=[MaxLengthValidator(LONGEST_TEXT)])
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
    starts_at = models.DateTimeField(null=True, blank=True)
    minutes = models.PositiveIntegerField(null=True, blank=True)
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

    objects: ClassVar[ActivityQuerySet] = ActivityQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "activities"
        indexes = [
            models.Index("content_type", "object_id", models.F("id").desc(), name="activity_of_record"),
            models.Index(
                fields=["assignee", "due_at"], condition=LIVE & models.Q(done_at=None), name="activity_open"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]

    def clean(self) -> None:
        # Nothing is planned or assigned by a note.
        if self.kind == ActivityKind.NOTE and (self.due_at or self.done_at or self.assignee_id):
            raise ValidationError({"kind": "A note has no due date, assignee or end."})


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
