"""Stage visits: the history of the stages that a lead was in."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.models.base import TenantModel, TenantQuerySet
from leads.models.lead import Lead
from pipelines.models import Stage


class StageVisit(TenantModel):
    """The time of a lead in one stage."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="stage_visits")
    stage = models.ForeignKey(Stage, on_delete=models.RESTRICT, related_name="visits")
    #: The names of that time, whatever becomes of stage and pipeline.
    stage_name = models.CharField(max_length=255)
    pipeline_name = models.CharField(max_length=255)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    #: Where the lead went when it left.
    next_stage = models.ForeignKey(
        Stage, on_delete=models.RESTRICT, null=True, related_name="+", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    door = models.CharField(max_length=8)
    via = models.CharField(max_length=255, null=True)

    objects: ClassVar[TenantQuerySet["StageVisit"]] = TenantQuerySet["StageVisit"].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead"],
                condition=Q(left_at=None),
                name="stage_visit_one_open",
                violation_error_message="A lead is in one stage at a time.",
            ),
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(left_at__gte=models.F("entered_at")),
                name="stage_visit_ends_after_start",
            ),
        ]
        indexes = [
            # With all that the funnel reads, so that it reads no rows.
            models.Index(
                fields=["stage", "entered_at"],
                include=["company", "lead", "left_at", "next_stage"],
                name="stage_visit_funnel",
            )
        ]

    def __str__(self) -> str:
        return f"{self.stage_name} from {self.entered_at}"
