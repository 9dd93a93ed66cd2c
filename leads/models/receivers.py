"""Receivers, which are the addresses for leads from outside."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q

from crm.models.base import TenantModel, TenantQuerySet
from crm.origins import clean_origin
from leads.models.lookups import LeadSource, LeadType
from leads.models.rotations import LeadRotation

MOST_ORIGINS = 20


class LeadReceiverQuerySet(TenantQuerySet["LeadReceiver"]):
    def default_of(self, company_id: int) -> Self:
        """Narrow to the receiver of a company's leads whose input names none."""
        return self.filter(company_id=company_id, is_default=True, is_active=True)

    def with_agent_state(self, company_id: int) -> Self:
        """Annotate ``agent_may_own``: whether the agent may own leads now."""
        members = get_user_model().objects.assignable_in(company_id)
        return self.annotate(agent_may_own=Exists(members.filter(pk=OuterRef("agent"))))


class ReceiverKind(models.TextChoices):
    """The way by which deliveries come in."""

    WEB = "WEB", "By a request over the web"
    MAIL = "MAIL", "By e-mail"


class Verification(models.TextChoices):
    """The proof that a receiver requires of a sender."""

    NONE = "NONE", "Not at all"
    SECRET = "SECRET", "By a shared secret"
    HMAC = "HMAC", "By a signature of the body"


class LeadReceiver(TenantModel):
    """An address for leads: they get its type and source, and the owner that its rotation or agent gives."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(
        max_length=4, choices=ReceiverKind.choices, default=ReceiverKind.WEB, db_default=ReceiverKind.WEB
    )
    creates_leads = models.BooleanField(
        "e-mails create leads",
        default=False,
        db_default=False,
        help_text="An e-mail from outside whose sender has no open lead makes one. Otherwise an e-mail of"
        " people whom nobody knows waits among the attempts.",
    )
    source_name = models.CharField(max_length=120, null=True, blank=True)
    is_default = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    source = models.ForeignKey(
        LeadSource, on_delete=models.SET_NULL, null=True, blank=True, related_name="receivers"
    )
    type = models.ForeignKey(
        LeadType, on_delete=models.SET_NULL, null=True, blank=True, related_name="receivers"
    )

    rotation = models.ForeignKey(
        LeadRotation, on_delete=models.RESTRICT, null=True, blank=True, related_name="receivers"
    )
    template = models.JSONField(null=True, blank=True)
    verification = models.CharField(max_length=6, choices=Verification.choices, default=Verification.NONE)
    #: The key is derived from SECRET_KEY and this number (leads/services/receiver_keys.py).
    secret_number = models.PositiveIntegerField(default=1, editable=False)
    honeypot = models.CharField(
        max_length=100,
        null=True,
        blank=True,
        help_text="A field that people do not see: a delivery that fills it in makes no lead.",
    )
    window_minutes = models.PositiveIntegerField(
        default=10,
        validators=[MaxValueValidator(1440)],
        help_text="Minutes in which an equal payload is the same delivery; 0 is never.",
    )
    rate_limit = models.PositiveIntegerField(
        default=600, help_text="Most deliveries in a minute; 0 for no limit."
    )

    allowed_origins = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        blank=True,
    )

    #: Annotated by ``with_agent_state``.
    agent_may_own: bool

    objects: ClassVar[LeadReceiverQuerySet] = LeadReceiverQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company"],
                condition=Q(is_default=True),
                name="lead_receiver_one_default",
                violation_error_message="A company has one default receiver.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.check_same_company(source=self.source, type=self.type, rotation=self.rotation)
        self.allowed_origins = _clean_origins(self.allowed_origins)


def _clean_origins(origins: object) -> list[str]:
    """Return origins as browsers send them, each once."""
    if not isinstance(origins, list) or not all(isinstance(origin, str) for origin in origins):
        raise ValidationError({"allowed_origins": "Enter a list of origins."})
    if len(origins) > MOST_ORIGINS:
        raise ValidationError({"allowed_origins": f"A receiver has at most {MOST_ORIGINS} origins."})
    try:
        return list(dict.fromkeys(map(clean_origin, origins)))
    except ValueError as error:
        raise ValidationError({"allowed_origins": str(error)}) from error
