"""Invitations: the one-time link by which a new member joins."""

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from crm.actors import Actor
from crm.emails import LONGEST_EMAIL
from crm.models.base import Stamped
from crm.models.companies import Membership


class InvitationState(models.TextChoices):
    """Where an invitation stands."""

    SENDING = "SENDING", "Not sent yet"
    FAILED = "FAILED", "Not sent"
    PENDING = "PENDING", "Sent"
    EXPIRED = "EXPIRED", "Expired"
    ACCEPTED = "ACCEPTED", "Accepted"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(membership__company_id=actor.company_id)


class Invitation(Stamped):
    """The invitation of a member, one each; sending it again makes the former link void."""

    membership = models.OneToOneField(Membership, on_delete=models.CASCADE, related_name="invitation")
    email = models.CharField(max_length=LONGEST_EMAIL)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    #: Why the mail could not be sent, in words for an administrator.
    fault = models.CharField(max_length=255, blank=True)
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["Invitation"]] = InvitationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.email}: {self.state().label}"

    def state(self, now: datetime | None = None) -> InvitationState:
        if self.accepted_at is not None:
            return InvitationState.ACCEPTED
        if self.withdrawn_at is not None:
            return InvitationState.WITHDRAWN
        if self.expires_at <= (now or timezone.now()):
            return InvitationState.EXPIRED
        if self.fault:
            return InvitationState.FAILED
        # A process that ends before the mail is out leaves it at this.
        return InvitationState.PENDING if self.sent_at is not None else InvitationState.SENDING

    @staticmethod
    def state_of_member() -> Case:
        """Return what ``state()`` returns, for the database: of a membership, null without an invitation."""
        cases: tuple[tuple[Q, InvitationState | None], ...] = (
            (Q(invitation__isnull=True), None),
            (Q(invitation__accepted_at__isnull=False), InvitationState.ACCEPTED),
            (Q(invitation__withdrawn_at__isnull=False), InvitationState.WITHDRAWN),
            (Q(invitation__expires_at__lte=Now()), InvitationState.EXPIRED),
            (~Q(invitation__fault=""), InvitationState.FAILED),
            (Q(invitation__sent_at__isnull=False), InvitationState.PENDING),
        )
        whens = [When(condition, then=Value(state and state.value)) for condition, state in cases]
        default = Value(InvitationState.SENDING.value)
        return Case(*whens, default=default, output_field=models.CharField())

    def is_open(self, now: datetime | None = None) -> bool:
        """Return whether its link still works; a failed mail may have arrived nevertheless."""
        return self.state(now) in (InvitationState.PENDING, InvitationState.SENDING, InvitationState.FAILED)
