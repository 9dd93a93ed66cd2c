"""The parts of the work that ``manage.py work`` does beside the servers, and what came of each."""

from datetime import timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from crm.models.leases import Leased, LeasedQuerySet


class WorkOutcome(models.TextChoices):
    """Outcomes of the last run of a part."""

    DONE = "DONE", "Done"
    FAILED = "FAILED", "Failed"
    STOPPED = "STOPPED", "Stopped on the way"


class WorkPartQuerySet(LeasedQuerySet["WorkPart"]):
    def due(self, early: timedelta = timedelta(0)) -> Self:
        """Narrow to those whose time has come, by the database's clock, or comes so soon."""
        # Without a time are those whose run was cut off.
        return self.filter(Q(next_run_at=None) | Q(next_run_at__lte=Now() + early))


class WorkPart(Leased):
    """One part: when it ran, what came of it, when it runs next. Its lease keeps it from running twice.

    While it runs it has no next run, unless somebody asks for one. Imports and webhooks run all the time, in
    as many processes as there are: their leases are those of each job and each endpoint.
    """

    name = models.CharField(max_length=40, unique=True)
    next_run_at = models.DateTimeField(null=True)
    last_started_at = models.DateTimeField(null=True)
    last_finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=7, choices=WorkOutcome.choices, blank=True)
    error = models.CharField(max_length=255, blank=True)
    #: Numbers by name, such as of the rows that were removed.
    result = models.JSONField(default=dict)
    duration_ms = models.PositiveBigIntegerField("duration in ms", null=True)
    #: Failures since the last success.
    failures = models.PositiveIntegerField(default=0)

    objects: ClassVar[WorkPartQuerySet] = WorkPartQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "part of the background work"
        verbose_name_plural = "background work"

    def __str__(self) -> str:
        return self.name.replace("_", " ").capitalize()
