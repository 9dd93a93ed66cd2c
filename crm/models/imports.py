"""Import jobs, the ledgers of their rows, and the rows that they refused."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.urls import reverse

from crm.actors import Action, Actor
from crm.models.base import TenantModel, TenantQuerySet
from crm.models.leases import Leased, LeasedQuerySet


class ImportKind(models.TextChoices):
    """The kinds of rows that can be imported."""

    LEAD = "LEAD", "Lead"
    PEOPLE = "PEOPLE", "Person"
    ORGANIZATION = "ORGANIZATION", "Organization"
    ACTIVITY = "ACTIVITY", "Activity"


class ImportStatus(models.TextChoices):
    """The state of an import job."""

    QUEUED = "QUEUED", "Queued"
    RUNNING = "RUNNING", "Running"
    STOPPED = "STOPPED", "Stopped; the same command goes on"
    COMPLETED = "COMPLETED", "Completed"
    FAILED = "FAILED", "Failed"


class DuplicatePolicy(models.TextChoices):
    """What a row does whose record exists already."""

    UPDATE = "UPDATE", "Update it"
    FILL = "FILL", "Fill its empty fields"
    SKIP = "SKIP", "Skip the row"
    CREATE = "CREATE", "Create another"
    ERROR = "ERROR", "Refuse the row"


class JobUndo(models.TextChoices):
    """The state of undoing an import."""

    WAITING = "WAITING", "Waiting or under way"
    DONE = "DONE", "Undone as far as it can be"
    FAILED = "FAILED", "Failed"


#: The directory of the storage for files that wait to be imported.
STORED_BELOW = "imports"
UNFINISHED = (ImportStatus.QUEUED, ImportStatus.RUNNING, ImportStatus.STOPPED)


# The stubs give each query set a manager of its own, which is no subclass of the others.
class ImportJobQuerySet(LeasedQuerySet["ImportJob"], TenantQuerySet["ImportJob"]):  # type: ignore[override]
    def unfinished(self) -> Self:
        return self.filter(status__in=UNFINISHED)

    def for_workers(self) -> Self:
        """Narrow to what a worker may run: unfinished jobs, but it has no file of a command, and undoings."""
        own = models.Q(status__in=UNFINISHED, is_attended=False)
        return self.filter(own | models.Q(undo=JobUndo.WAITING))


class ImportJob(Leased, TenantModel):
    """One import: its input, its progress and its result."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    model = models.CharField(max_length=12, choices=ImportKind.choices)
    status = models.CharField(max_length=9, choices=ImportStatus.choices, default=ImportStatus.QUEUED)
    on_duplicate = models.CharField(
        max_length=6, choices=DuplicatePolicy.choices, default=DuplicatePolicy.UPDATE
    )
    dry_run = models.BooleanField(default=False)
    door = models.CharField(max_length=8)
    filename = models.CharField(max_length=255, null=True)
    #: The input, until the job is done: rows, or the options of a file and the key under which it is stored.
    payload = models.JSONField(null=True)
    #: Of the input and all options: the same import is the same job.
    fingerprint = models.CharField(max_length=64)
    #: SHA-256 of the input alone.
    digest = models.CharField(max_length=64, blank=True, default="")
    #: Whether a command runs it, which alone has the file: no worker may take it.
    is_attended = models.BooleanField(default=False)
    #: The process of a command that runs it, as ``crm/importing/runners.py`` writes it.
    runner = models.CharField(max_length=255, blank=True, default="")
    #: The ``uuid`` of the dry run whose plan it applies; not a key, since that one may be removed first.
    plan = models.UUIDField(null=True)
    #: The key of the stored file of refused rows.
    rejects = models.CharField(max_length=255, blank=True, default="")
    total = models.PositiveIntegerField(default=0)
    processed = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    #: All rows that changed nothing and were not refused; ``unchanged`` are those with nothing new.
    skipped = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    #: All rows that were refused; ``conflicts`` are those that may mean another record.
    failed = models.PositiveIntegerField(default=0)
    conflicts = models.PositiveIntegerField(default=0)
    error = models.TextField(null=True)
    #: Runs begun since a batch was stored: a job that always ends its worker is given up.
    starts = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    undo = models.CharField(max_length=7, choices=JobUndo.choices, blank=True, default="")
    undo_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    #: The kinds of records that changed without an event of each, since one event of all follows.
    silent_kinds = models.JSONField(default=list)

    #: Whether it runs now with nobody waiting for the answer, who then is told of the end.
    is_in_background = False

    objects: ClassVar[ImportJobQuerySet] = ImportJobQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index(fields=["company", "fingerprint"], name="import_fingerprint")]
        constraints = [
            # The same input sent twice, by a double click, must not run twice at the same time.
            models.UniqueConstraint(
                fields=["company", "fingerprint"],
                condition=models.Q(status__in=["QUEUED", "RUNNING", "STOPPED"]),
                name="import_runs_once",
                violation_error_message="The same import is running.",
            )
        ]

    def __str__(self) -> str:
        return f"Import {self.uuid}"

    @property
    def rejects_address(self) -> str | None:
        """The address of the file of refused rows."""
        return reverse("import_rejects", args=[self.uuid]) if self.rejects else None


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


class RowAction(models.TextChoices):
    """The result of a row of an import, or of a plan."""

    CREATE = "CREATE", "Created"
    UPDATE = "UPDATE", "Changed"
    UNCHANGED = "UNCHANGED", "Nothing new"
    SKIP = "SKIP", "Skipped"
    REJECT = "REJECT", "Refused"
    CONFLICT = "CONFLICT", "In conflict"


class UndoState(models.TextChoices):
    """The result of undoing a row of an import."""

    UNDONE = "UNDONE", "Undone"
    KEPT = "KEPT", "Kept, since somebody changed the record"


class ImportRowQuerySet(models.QuerySet["ImportRow"]):
    def visible_to(self, actor: Actor) -> Self:
        # The entries hold values of records that not every member sees.
        if not actor.may(Action.IMPORT):
            return self.none()
        return self.filter(job__company_id=actor.company_id)


class ImportRow(models.Model):
    """The ledger of an import: one entry for each row of the input, written with what the row made."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="rows")
    #: The line of the file, or the position in the input.
    number = models.PositiveIntegerField()
    action = models.CharField(max_length=9, choices=RowAction.choices)
    #: Of the fields and texts of the row: by it a row is known again that no key finds.
    hash = models.CharField(max_length=32)
    #: By what a known record was found.
    key = models.CharField(max_length=16, blank=True, default="")
    #: The record that was made, changed or found; None in a plan for one that the plan itself makes.
    object_id = models.BigIntegerField(null=True)
    #: In a plan: the row that makes the record.
    of_row = models.PositiveIntegerField(null=True)
    version_before = models.PositiveIntegerField(null=True)
    version = models.PositiveIntegerField(null=True)
    #: Changed fields, each with its value before and after, as in the history.
    changes = models.JSONField(default=dict)
    #: What undoing a change needs: the previous columns, and the lists as an input of the service.
    before = models.JSONField(null=True)
    #: Other rows that were made with the record: their keys by the label of their model.
    made = models.JSONField(default=dict)
    code = models.CharField(max_length=32, blank=True, default="")
    message = models.TextField(blank=True, default="")
    undo = models.CharField(max_length=6, choices=UndoState.choices, blank=True, default="")
    undo_message = models.TextField(blank=True, default="")

    objects: ClassVar[models.Manager["ImportRow"]] = ImportRowQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["hash"], name="import_row_again"),
            models.Index(fields=["job", "object_id"], name="import_rows_of_record"),
        ]
        constraints = [
            # The last line against a row that is stored twice.
            models.UniqueConstraint(fields=["job", "number"], name="import_row_once")
        ]

    def __str__(self) -> str:
        return f"Row {self.number}: {self.get_action_display()}"
