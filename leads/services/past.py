"""The times of a lead that was opened or closed before it was imported."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError

from leads.models import Lead

#: A lead that is created as won is closed a moment before its row has a time.
AT_ONCE = timedelta(seconds=1)
MOMENTS = ("created_at", "stage_changed_at", "closed_at")


def set_past(lead: Lead, values: Mapping[str, Any], *, is_new: bool) -> None:
    """Set when a lead was closed, and of a new one when it entered its stage.

    Reports count by these times, so that those of the years before the import are true.

    :raises ValidationError: if the times contradict the status, or each other.
    """
    created, entered, closed = (values.get(name) for name in MOMENTS)
    stored = lead.closed_at
    if closed is not None:
        if lead.status.is_open:
            raise ValidationError({"closed_at": ["An open lead is not closed: name its status too."]})
        lead.closed_at = closed
    if is_new:
        _check_order(created, entered, closed)
        # Unknown times are the nearest known ones, and not that of the import.
        lead.stage_changed_at = entered or closed or created or lead.stage_changed_at
    elif closed not in (None, stored) and closed + AT_ONCE < lead.created_at:
        raise ValidationError({"closed_at": ["A lead is closed after it was created."]})


def _check_order(created: datetime | None, entered: datetime | None, closed: datetime | None) -> None:
    for name, moment in (("stage_changed_at", entered), ("closed_at", closed)):
        if moment is not None and created is not None and moment + AT_ONCE < created:
            raise ValidationError({name: ["This lies before the lead was created."]})
