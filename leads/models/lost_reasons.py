"""The reasons for which a company loses leads."""

from typing import ClassVar

from django.db import models

from crm.models.base import TenantQuerySet
from crm.models.named import NamedModel, unique_name


class LeadLostReason(NamedModel):
    """A reason for losing leads; an inactive one stays on the leads that have it."""

    is_active = models.BooleanField(default=True)
    weight = models.IntegerField(default=0)

    objects: ClassVar[TenantQuerySet["LeadLostReason"]] = TenantQuerySet["LeadLostReason"].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [unique_name("lead_lost_reason_name_once", "reason")]
