"""The small lists that classify leads: statuses, types and sources."""

import uuid
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from crm.models.base import TenantQuerySet
from crm.models.named import NamedModel, unique_name


class StatusCategory(models.TextChoices):
    """The meaning of a status, which a company may name as it likes."""

    OPEN = "OPEN", "Open"
    WON = "WON", "Won"
    LOST = "LOST", "Lost"
    CLOSED = "CLOSED", "Closed"


class LeadStatusQuerySet(TenantQuerySet["LeadStatus"]):
    def default_of(self, company_id: int) -> Self:
        """Narrow to the status of a company's new leads."""
        return self.filter(company_id=company_id, is_default=True)


class LeadStatus(NamedModel):
    """A status of leads, whose category says whether they are open, won, lost or closed otherwise."""

    category = models.CharField(max_length=6, choices=StatusCategory.choices, default=StatusCategory.OPEN)
    is_default = models.BooleanField(default=False)
    weight = models.IntegerField(default=0)

    objects: ClassVar[LeadStatusQuerySet] = LeadStatusQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "lead statuses"
        constraints = [
            unique_name("lead_status_name_once", "status"),
            models.UniqueConstraint(
                fields=["company"],
                condition=Q(is_default=True),
                name="lead_status_one_default",
                violation_error_message="A company has one default status.",
            ),
        ]

    @property
    def is_open(self) -> bool:
        return self.category == StatusCategory.OPEN


class LeadType(NamedModel):
    """A type of leads, such as new business."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    description = models.TextField(null=True, blank=True)
    is_active = models.BooleanField(default=True)

    objects: ClassVar[TenantQuerySet["LeadType"]] = TenantQuerySet["LeadType"].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [unique_name("lead_type_name_once", "type")]


class LeadSource(NamedModel):
    """A source of leads, such as a website."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    description = models.TextField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    type = models.ForeignKey(
        LeadType, on_delete=models.SET_NULL, null=True, blank=True, related_name="sources"
    )

    objects: ClassVar[TenantQuerySet["LeadSource"]] = TenantQuerySet["LeadSource"].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [unique_name("lead_source_name_once", "source")]

    def clean(self) -> None:
        self.check_same_company(type=self.type)
