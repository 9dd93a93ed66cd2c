"""Export jobs, each with the file that it made."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from crm.actors import Action, Actor
from crm.models.base import TenantModel, TenantQuerySet
from crm.models.leases import Leased, LeasedQuerySet

#: The directory of the storage for files of exports.
STORED_BELOW = "exports"


class ExportStatus(models.TextChoices):
    """The state of an export job."""

    QUEUED = "QUEUED", "Queued"
    RUNNING = "RUNNING", "Running"
    COMPLETED = "COMPLETED", "Completed"
    FAILED = "FAILED", "Failed"


UNFINISHED = (ExportStatus.QUEUED, ExportStatus.RUNNING)


class ExportKind(models.TextChoices):
    """The kinds of rows that can be exported."""

    PEOPLE = "PEOPLE", "People"
    ORGANIZATION = "ORGANIZATION", "Organizations"
    LEAD = "LEAD", "Leads"
    ACTIVITY = "ACTIVITY", "Activities"


# The stubs give each query set a manager of its own, which is no subclass of the others.
class ExportJobQuerySet(LeasedQuerySet["ExportJob"], TenantQuerySet["ExportJob"]):  # type: ignore[override]
    def visible_to(self, actor: Actor) -> Self:
        """Narrow to the company's exports, for those who may make one: they all see all of its records."""
        return super().visible_to(actor) if actor.may(Action.EXPORT) else self.none()

    def unfinished(self) -> Self:
        return self.filter(status__in=UNFINISHED)


def stored_name(job: "ExportJob", _name: str) -> str:
    """Return a random name for the file of an export."""
    return f"{STORED_BELOW}/{job.company_id}/{uuid.uuid4().hex}"


class ExportJob(Leased, TenantModel):
    """One export: what was asked for, how far it is, and its file."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    model = models.CharField(max_length=12, choices=ExportKind.choices)
    status = models.CharField(max_length=9, choices=ExportStatus.choices, default=ExportStatus.QUEUED)
    format = models.CharField(max_length=5)
    where = models.JSONField(null=True)
    columns = models.JSONField(default=list)
    door = models.CharField(max_length=8)
    rows = models.PositiveIntegerField(default=0)
    notes = models.JSONField(default=list)
    error = models.TextField(null=True)
    stored = models.FileField(upload_to=stored_name, max_length=255, null=True, blank=True, editable=False)
    size = models.BigIntegerField(default=0)
    #: Runs begun: an export that always ends its worker is given up.
    starts = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[ExportJobQuerySet] = ExportJobQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(
                fields=["leased_until", "id"],
                condition=Q(status__in=UNFINISHED),
                name="export_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"Export {self.uuid}"
