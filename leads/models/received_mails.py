"""E-mails as they came in, and which of them were logged."""

from typing import ClassVar

from django.db import models

from crm.models.base import TenantModel, TenantQuerySet
from leads.models.routing_logs import ReceiverAttempt


class ReceivedMail(TenantModel):
    """The message of an attempt, byte by byte; of one that is too large only the begin."""

    # A row of its own: lists of attempts do not read it.
    attempt = models.OneToOneField(ReceiverAttempt, on_delete=models.CASCADE, related_name="mail")
    raw = models.BinaryField()
    #: Bytes of the whole message.
    size = models.PositiveBigIntegerField()

    objects: ClassVar[TenantQuerySet["ReceivedMail"]] = TenantQuerySet["ReceivedMail"].as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"Message of {self.size} bytes"

    @property
    def is_cut(self) -> bool:
        return len(self.raw) < self.size


class LoggedMail(TenantModel):
    """That a message was logged in a company; it outlives the attempt, so that none is logged twice."""

    #: The SHA-256 of the Message-ID, or of what the message says.
    key = models.CharField(max_length=64)
    attempt = models.OneToOneField(
        ReceiverAttempt, on_delete=models.SET_NULL, null=True, related_name="logged_mail"
    )

    objects: ClassVar[TenantQuerySet["LoggedMail"]] = TenantQuerySet["LoggedMail"].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "key"], name="logged_mail_once")]

    def __str__(self) -> str:
        return f"Message {self.key[:12]}"
