"""The reasons for which a company loses leads."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower

from crm.models.base import TenantModel, TenantQuerySet


class LeadLostReason(TenantModel):
    """A reason for losing leads; an inactive one stays on the leads that have it."""

    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    weight = models.IntegerField(default=0)

    objects: ClassVar[TenantQuerySet["LeadLostReason"]] = TenantQuerySet["LeadLostReason"].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "company",
                Lower("name"),
                name="lead_lost_reason_name_once",
                violation_error_message="A reason of this name exists already.",
            )
        ]

    def __str__(self) -> str:
        return self.name
