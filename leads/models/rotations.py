"""Rotations, which assign new leads to agents in turn."""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, validate_email
from django.db import models

from crm.models.base import TenantModel, TenantQuerySet
from crm.models.named import NamedModel


class LeadRotation(NamedModel):
    """A set of agents who get new leads in turn, by weight."""

    name_key = None  # Rotations may share a name.
    leads_rotations_email = models.CharField(max_length=254, null=True, blank=True)
    #: The number of leads that were assigned.
    hits = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[TenantQuerySet["LeadRotation"]] = TenantQuerySet["LeadRotation"].as_manager()  # type: ignore[assignment]

    def clean(self) -> None:
        if self.leads_rotations_email:
            try:
                validate_email(self.leads_rotations_email)
            except ValidationError as refused:
                raise ValidationError({"leads_rotations_email": refused.messages}) from refused


class LeadRotationAgent(TenantModel):
    """An agent of a rotation, with the percentage of leads that it should get."""

    rotation = models.ForeignKey(LeadRotation, on_delete=models.CASCADE, related_name="agents")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    phone = models.CharField(max_length=64, null=True, blank=True)
    percent = models.DecimalField(
        max_digits=7,
        decimal_places=4,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
    )
    #: What the agent is owed less what it got, in billionths of a lead: see leads/routing/rotation.py.
    credit = models.BigIntegerField(default=0, editable=False)
    hits = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[TenantQuerySet["LeadRotationAgent"]] = TenantQuerySet["LeadRotationAgent"].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rotation", "user"],
                name="rotation_agent_once",
                violation_error_message="This user is in the rotation already.",
            ),
            models.CheckConstraint(
                condition=models.Q(percent__gte=0, percent__lte=100), name="rotation_percent_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.percent}"
