"""Sign-ins: the failures that lock an account or an address, and the audit list."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.actors import Action, Actor
from crm.models.companies import Membership
from crm.request_origin import LONGEST_USER_AGENT


class SignInFailures(models.Model):
    """When sign-ins to one account, or from one address, failed lately.

    ``key`` is a keyed hash: a name that nobody has may be a password typed into the wrong field.
    """

    key = models.CharField(max_length=64, unique=True)
    #: Seconds since 1970, in order; at most as many as the limit.
    times = models.JSONField(default=list)
    #: Until when this lock is in the audit list already: further refusals are not written.
    noted_until = models.FloatField(default=0)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.key[:8]}: {len(self.times)}"


class AuditEvent(models.TextChoices):
    """Kinds of entries in the audit list."""

    SIGN_IN = "SIGN_IN", "Sign-in"
    SIGN_OUT = "SIGN_OUT", "Sign-out"
    LOCKOUT = "LOCKOUT", "Lockout"
    UNLOCK = "UNLOCK", "Unlock"
    PASSWORD = "PASSWORD", "Password set"
    TOKEN_CREATED = "TOKEN_CREATED", "API token created"
    TOKEN_REVOKED = "TOKEN_REVOKED", "API token revoked"
    CALENDAR_CREATED = "CALENDAR_CREATED", "Calendar address created"
    CALENDAR_REVOKED = "CALENDAR_REVOKED", "Calendar address revoked"
    EXPORT = "EXPORT", "Export"
    ERASURE = "ERASURE", "Person erased"
    COMPANY_IMPORTED = "COMPANY_IMPORTED", "Company made of an archive"
    INVITATION_SENT = "INVITATION_SENT", "Invitation sent"
    INVITATION_ACCEPTED = "INVITATION_ACCEPTED", "Invitation accepted"
    INVITATION_WITHDRAWN = "INVITATION_WITHDRAWN", "Invitation withdrawn"


class AuditOutcome(models.TextChoices):
    """Whether it came about."""

    DONE = "DONE", "Done"
    FAILED = "FAILED", "Failed"
    REFUSED = "REFUSED", "Refused"


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, actor: Actor) -> Self:
        """Narrow to the entries of the actor's company, and of its active members; for administrators only.

        What was typed for a name that nobody has belongs to no company: superusers alone see it.
        """
        if not actor.may(Action.MANAGE_COMPANY):
            return self.none()
        members = Membership.objects.filter(company_id=actor.company_id, is_active=True)
        own = Q(company_id=actor.company_id)
        return self.filter(own | Q(company=None, user__in=members.values("user")))


class AuditEntry(models.Model):
    """One line of the audit list: written once, never changed, removed by age."""

    created_at = models.DateTimeField("time", auto_now_add=True, db_index=True)
    event = models.CharField(max_length=24, choices=AuditEvent.choices)
    outcome = models.CharField(max_length=8, choices=AuditOutcome.choices, default=AuditOutcome.DONE)
    #: Whose account it is; None if the typed name is nobody's.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name="account",
    )
    #: Who did it, if it was somebody else; None for commands too.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    #: Only of what belongs to one company: people sign in to all of theirs.
    company = models.ForeignKey("crm.Company", on_delete=models.CASCADE, null=True, related_name="+")
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=LONGEST_USER_AGENT, blank=True)
    detail = models.CharField(max_length=255, blank=True)

    objects: ClassVar[models.Manager["AuditEntry"]] = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.get_event_display()}: {self.get_outcome_display().lower()}"
