"""Import jobs, and the rows that they refused."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from crm.actors import Actor
from crm.models.base import TenantModel, TenantQuerySet
from crm.models.custom_fields import EntityKind
from crm.models.leases import Leased, LeasedQuerySet


class ImportStatus(models.TextChoices):
    """The state of an import job."""

    QUEUED = "QUEUED", "Queued"
    RUNNING = "RUNNING", "Running"
    COMPLETED = "COMPLETED", "Completed"
    FAILED = "FAILED", "Failed"


class DuplicatePolicy(models.TextChoices):
    """What a row does whose record exists already."""

    UPDATE = "UPDATE", "Update it"
    SKIP = "SKIP", "Skip the row"
    CREATE = "CREATE", "Create another"
    ERROR = "ERROR", "Refuse the row"


UNFINISHED = (ImportStatus.QUEUED, ImportStatus.RUNNING)


# The stubs give each query set a manager of its own, which is no subclass of the others.
class ImportJobQuerySet(LeasedQuerySet["ImportJob"], TenantQuerySet["ImportJob"]):  # type: ignore[override]
    def unfinished(self) -> Self:
        return self.filter(status__in=UNFINISHED)


class ImportJob(Leased, TenantModel):
    """One import: its input, its progress and its result."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    model = models.CharField(max_length=12, choices=EntityKind.choices)
    status = models.CharField(max_length=9, choices=ImportStatus.choices, default=ImportStatus.QUEUED)
    on_duplicate = models.CharField(
        max_length=6, choices=DuplicatePolicy.choices, default=DuplicatePolicy.UPDATE
    )
    dry_run = models.BooleanField(default=False)
    door = models.CharField(max_length=8)
    filename = models.CharField(max_length=255, null=True)
    #: The input, until the job is done: rows, or the key of a stored file and its mapping.
    payload = models.JSONField(null=True)
    fingerprint = models.CharField(max_length=64)
    total = models.PositiveIntegerField(default=0)
    processed = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    error = models.TextField(null=True)
    #: Runs begun since a batch was stored: a job that always ends its worker is given up.
    starts = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    #: Whether it runs now with nobody waiting for the answer, who then is told of the end.
    is_in_background = False

    objects: ClassVar[ImportJobQuerySet] = ImportJobQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index(fields=["company", "fingerprint"], name="import_fingerprint")]
        constraints = [
            # The same input sent twice, by a double click, must not run twice at the same time.
            models.UniqueConstraint(
                fields=["company", "fingerprint"],
                condition=models.Q(status__in=["QUEUED", "RUNNING"]),
                name="import_runs_once",
                violation_error_message="The same import is running.",
            )
        ]

    def __str__(self) -> str:
        return f"Import {self.uuid}"


class ImportRowErrorQuerySet(models.QuerySet["ImportRowError"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(job__company_id=actor.company_id)


class ImportRowError(models.Model):
    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="row_errors")
    row = models.PositiveIntegerField()
    field = models.CharField(max_length=255, null=True)
    code = models.CharField(max_length=32)
    message = models.TextField()

    objects: ClassVar[models.Manager["ImportRowError"]] = ImportRowErrorQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["job", "row", "id"], name="import_errors_in_order")]

    def __str__(self) -> str:
        return f"Row {self.row}: {self.message}"
