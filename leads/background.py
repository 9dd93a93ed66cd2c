"""The parts of the upkeep that belong to leads."""

from datetime import datetime

from django.conf import settings

from crm.background.registry import Counts, Part, removes_older_than
from crm.database.batches import Batch
from leads.services.receiver_attempts import prune_attempts


def _attempts(before: datetime, batch: Batch) -> Counts:
    return {"attempts": prune_attempts(before=before, batch=batch)}


ATTEMPTS = Part(
    name="receiver_attempts",
    purpose="Remove old attempts of receivers; their leads stay",
    run=removes_older_than(lambda: settings.RECEIVER_ATTEMPT_RETENTION_DAYS, _attempts),
)
