"""Absences of members."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from crm.models.base import TenantModel, TenantQuerySet


class Absence(TenantModel):
    """A time in which rotations give a member no leads; ``ends_at`` is the first moment after it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=255, null=True, blank=True)

    objects: ClassVar[TenantQuerySet["Absence"]] = TenantQuerySet["Absence"].as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index(fields=["company", "user", "ends_at"], name="absence_of_member")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="absence_ends_after_start",
                violation_error_message="An absence ends after it starts.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} away"

    def clean(self) -> None:
        # Either is None if the form could not read it.
        starts: datetime | None = self.starts_at
        ends: datetime | None = self.ends_at
        if starts is not None and ends is not None and ends <= starts:
            raise ValidationError({"ends_at": "An absence ends after it starts."})
