"""Receiver attempts, which are deliveries as they came in, and the routing log of owners."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.actors import Action, Actor
from crm.models.base import TenantModel, TenantQuerySet
from leads.models.lead import Lead
from leads.models.receivers import LeadReceiver, ReceiverKind
from leads.models.rotations import LeadRotation


class AttemptStatus(models.TextChoices):
    """The outcome of a delivery."""

    RECEIVED = "RECEIVED", "Received"
    PROCESSED = "PROCESSED", "Made a lead, or was logged"
    FAILED = "FAILED", "Refused"
    IGNORED = "IGNORED", "Ignored"
    UNMATCHED = "UNMATCHED", "Waits for a person it matches"


class ReceiverAttempt(TenantModel):
    """One delivery to a receiver, stored without credentials; repetitions of it are counted.

    The payload of an e-mail is a summary of its headers; the message itself is a ``ReceivedMail``.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    receiver = models.ForeignKey(LeadReceiver, on_delete=models.SET_NULL, null=True, related_name="attempts")
    kind = models.CharField(
        max_length=4, choices=ReceiverKind.choices, default=ReceiverKind.WEB, db_default=ReceiverKind.WEB
    )
    status = models.CharField(max_length=9, choices=AttemptStatus.choices, default=AttemptStatus.RECEIVED)
    payload = models.JSONField()
    #: The keys of the payload as they were sent, where their order matters: PostgreSQL keeps none.
    key_order = models.JSONField(null=True)
    #: The bytes of a body that could not be decoded; then the payload is empty.
    raw_body = models.BinaryField(null=True)
    idempotency_key = models.CharField(max_length=255, null=True)
    fingerprint = models.CharField(max_length=64)
    count = models.PositiveIntegerField(default=1)
    last_seen_at = models.DateTimeField()
    lead = models.ForeignKey(Lead, on_delete=models.SET_NULL, null=True, related_name="attempts")
    errors = models.JSONField(null=True)
    replayed_at = models.DateTimeField(null=True)
    replayed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    #: Set on an attempt that is returned for a repetition of its delivery.
    is_repeated = False

    objects: ClassVar[TenantQuerySet["ReceiverAttempt"]] = TenantQuerySet["ReceiverAttempt"].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["receiver", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="receiver_attempt_key_once",
            )
        ]
        indexes = [
            models.Index(fields=["receiver", "fingerprint", "created_at"], name="receiver_attempt_again"),
            models.Index("company", "status", models.F("id").desc(), name="receiver_attempt_newest"),
            models.Index(fields=["created_at"], name="receiver_attempt_by_age"),
        ]

    def __str__(self) -> str:
        return f"Attempt {self.uuid}"

    @property
    def refusal(self) -> str:
        """Why the delivery made no lead, in one line; empty if it was not refused."""
        errors: dict[str, list[str]] = self.errors or {}
        return "; ".join(f"{name}: {' '.join(messages)}" for name, messages in errors.items())


class RoutingOutcome(models.TextChoices):
    """The rule that gave a new lead its owner."""

    EXPLICIT = "EXPLICIT", "Named by whoever made it"
    ROTATION = "ROTATION", "By rotation"
    MEMBER = "MEMBER", "By the member id of the payload"
    RECEIVER_AGENT = "RECEIVER_AGENT", "The receiver's agent"
    COMPANY_DEFAULT = "COMPANY_DEFAULT", "The company's default owner"
    CREATOR = "CREATOR", "Whoever made it"
    UNASSIGNED = "UNASSIGNED", "Nobody could be found"
    FAILED = "FAILED", "The delivery was refused"


class LeadRoutingLogQuerySet(TenantQuerySet["LeadRoutingLog"]):
    def visible_to(self, actor: Actor) -> Self:
        # Not for everybody who sees the lead: the candidates show the leads and absences of all agents.
        rows = super().visible_to(actor)
        return rows if actor.may(Action.READ_ROUTING) else rows.none()


class LeadRoutingLog(TenantModel):
    """One decision about the owner of a lead, with everything that it was made from."""

    lead = models.ForeignKey(Lead, on_delete=models.SET_NULL, null=True, related_name="routing_logs")
    receiver = models.ForeignKey(LeadReceiver, on_delete=models.SET_NULL, null=True, related_name="+")
    rotation = models.ForeignKey(LeadRotation, on_delete=models.SET_NULL, null=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    attempt = models.ForeignKey(
        ReceiverAttempt, on_delete=models.SET_NULL, null=True, related_name="routing_logs"
    )
    outcome = models.CharField(max_length=15, choices=RoutingOutcome.choices)
    door = models.CharField(max_length=8)
    detail = models.JSONField(default=dict)
    error = models.TextField(null=True)

    objects: ClassVar[LeadRoutingLogQuerySet] = LeadRoutingLogQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index("company", models.F("id").desc(), name="routing_log_newest"),
            models.Index(fields=["lead", "id"], name="routing_log_of_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.user or 'nobody'}"
