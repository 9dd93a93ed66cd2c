"""Webhook endpoints of companies, and the deliveries to them (ADR 20)."""

import uuid
from datetime import datetime
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery

from crm.models.base import TenantModel, TenantQuerySet
from crm.models.events import Event, EventCounter
from crm.models.leases import Leased, LeasedQuerySet


def _types(entity: str, *more: str) -> tuple[str, ...]:
    return tuple(f"{entity}.{kind}" for kind in ("created", "updated", "deleted", "restored", *more))


LEAD_TYPES = _types("lead")
#: The types of events that an endpoint can choose. Bulk changes go to every endpoint that chose a type of
#: their kind of record, tests to all.
CHOSEN_TYPES = (
    *LEAD_TYPES,
    *_types("people", "merged"),
    *_types("organization", "merged"),
    *_types("activity"),
    *_types("pipeline"),
    *_types("stage"),
)
TEST_TYPE = "webhook.test"


def default_kinds() -> list[str]:
    """Return the types of events that a new endpoint gets: those of leads."""
    return list(LEAD_TYPES)


def new_message_id() -> str:
    """Return an id for a message, which stays the same however often it is sent."""
    return f"msg_{uuid.uuid4().hex}"


# The stubs give each query set a manager of its own, which is no subclass of the others.
class WebhookEndpointQuerySet(LeasedQuerySet["WebhookEndpoint"], TenantQuerySet["WebhookEndpoint"]):  # type: ignore[override]
    def open(self) -> Self:
        """Narrow to those that get events: active, not paused, and of an active company."""
        return self.filter(is_active=True, paused_at=None, company__is_active=True)

    def with_work(self, now: datetime) -> Self:
        """Narrow to those with something to do now that no worker has."""
        due = WebhookDelivery.objects.filter(endpoint=OuterRef("pk")).due(now)
        return (
            self.open()
            .unleased()
            .annotate(next_seq=_next_seq())
            .filter(
                Q(held_until=None) | Q(held_until__lte=now),
                # Also if events were pruned before they were sent: the endpoint is told that it missed some.
                Q(next_seq__isnull=False) | Exists(due) | Q(position__lt=_floor()),
            )
        )

    def idle(self) -> Self:
        """Narrow to those whose company has no event after their position, and had none that was pruned."""
        return self.annotate(next_seq=_next_seq()).filter(next_seq=None, position__gte=_floor())


def _next_seq() -> Subquery:
    """Return the number of the next event to send to an endpoint, null if there is none."""
    # Not Exists: PostgreSQL estimates that a third of all events match "seq > x", and scans the table. The
    # first in order comes from the index, which is fast also where there is none.
    events = Event.objects.filter(company=OuterRef("company"), seq__gt=OuterRef("position"))
    return Subquery(events.order_by("seq").values("seq")[:1])


def _floor() -> Subquery:
    return Subquery(EventCounter.objects.values("floor")[:1])


class WebhookEndpoint(Leased, TenantModel):
    """A URL that gets the events of a company, and how far they were sent."""

    name = models.CharField(max_length=120)
    url = models.CharField("URL", max_length=2000)
    kinds = models.JSONField(default=default_kinds)
    #: A ``where`` that is valid for each kind of record chosen; null for all records.
    filter = models.JSONField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    secret = models.CharField(max_length=80, editable=False)
    previous_secret = models.CharField(max_length=80, null=True, editable=False)
    previous_secret_until = models.DateTimeField(null=True, editable=False)
    #: The number of the event up to which deliveries were made.
    position = models.BigIntegerField(default=0, editable=False)
    #: When it turned out that events had been pruned before they were sent.
    missed_at = models.DateTimeField(null=True, editable=False)
    paused_at = models.DateTimeField(null=True, editable=False)
    pause_reason = models.CharField(max_length=255, blank=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    #: Failures since the last success.
    failures = models.PositiveIntegerField(default=0, editable=False)
    last_success_at = models.DateTimeField(null=True, editable=False)
    #: Nothing is sent before: the receiver asked for it (Retry-After), or it failed just now.
    held_until = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[WebhookEndpointQuerySet] = WebhookEndpointQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if not isinstance(self.kinds, list) or not self.kinds:
            raise ValidationError({"kinds": "Choose one type of event or more."})
        unknown = [kind for kind in self.kinds if kind not in CHOSEN_TYPES]
        if unknown:
            raise ValidationError({"kinds": f"There is no type of event {unknown[0]}."})

    @property
    def entities(self) -> list[str]:
        """The kinds of records that it is sent events of, by their names in the log."""
        return sorted({kind.partition(".")[0] for kind in self.kinds})

    def secrets_at(self, now: datetime) -> list[str]:
        """Return the secrets that sign messages at a moment, the current one first."""
        # After a rotation both sign for a while, so that the receiver can change its own at any time.
        before = self.previous_secret
        until = self.previous_secret_until
        return [self.secret, before] if before and until and until > now else [self.secret]


class DeliveryStatus(models.TextChoices):
    PENDING = "PENDING", "Waiting"
    DELIVERED = "DELIVERED", "Delivered"
    FAILED = "FAILED", "Given up"


class WebhookDeliveryQuerySet(TenantQuerySet["WebhookDelivery"]):
    def due(self, now: datetime) -> Self:
        """Narrow to those that are to be sent now."""
        return self.filter(status=DeliveryStatus.PENDING, next_attempt_at__lte=now)

    def in_turn(self) -> Self:
        """Order them by when they are to be sent."""
        return self.order_by("next_attempt_at", "place", "pk")


class WebhookDelivery(TenantModel):
    """One message to one endpoint: its event, and the result of sending it."""

    # The unique constraint below starts with this column, so its index serves both.
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    message_id = models.CharField(max_length=40, unique=True, default=new_message_id)
    #: Number of the event; null for a test, and where events were missed.
    seq = models.BigIntegerField(null=True)
    #: Its position among deliveries that are due at the same time: the number of an event.
    place = models.BigIntegerField()
    type = models.CharField(max_length=32)
    object_id = models.BigIntegerField(null=True)
    changes = models.JSONField(default=dict)
    #: The record into which this one was merged.
    winner_id = models.BigIntegerField(null=True)
    cursor = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField()
    status = models.CharField(max_length=9, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    last_attempt_at = models.DateTimeField(null=True)
    response_status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=255, blank=True)
    duration_ms = models.PositiveIntegerField("duration in ms", null=True)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[WebhookDeliveryQuerySet] = WebhookDeliveryQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [models.UniqueConstraint(fields=["endpoint", "seq"], name="webhook_event_once")]
        indexes = [
            models.Index(
                fields=["endpoint", "next_attempt_at", "place", "id"],
                condition=models.Q(status="PENDING"),
                name="webhook_due",
            ),
            models.Index(fields=["created_at"], name="webhook_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"
