"""Indexes of leads: for the board, for ranges of the list, and with all that forecasts and reports read.

These read no rows, and the id is in each of theirs: who sees only their own leads finds them by it. All but
the first are partial, for the sake of writers: a new lead without an amount is in none of those.
"""

from django.db import models
from django.db.models import Q

from crm.models.lifecycle import LIVE

REPORT_INDEXES = [
    # In the place of the owner's own index.
    models.Index(fields=["owner", "company", "id"], include=["deleted_at"], name="lead_of_owner"),
    models.Index(
        fields=["company", "expected_close_on"],
        include=["id", "status", "stage", "pipeline", "owner", "currency", "amount", "probability"],
        condition=LIVE & Q(amount__isnull=False),
        name="lead_forecast",
    ),
    # For lists, which read the rows anyway.
    models.Index(
        fields=["company", "closed_at"],
        condition=LIVE & Q(closed_at__isnull=False),
        name="lead_closed",
    ),
    # For numbers, which are of what was won, or won and lost: behind the status, so that no other is read.
    models.Index(
        fields=["company", "status", "closed_at"],
        include=[
            "id",
            "stage",
            "stage_changed_at",
            "pipeline",
            "owner",
            "source",
            "type",
            "lost_reason",
            "currency",
            "amount",
            "created_at",
        ],
        condition=LIVE & Q(closed_at__isnull=False),
        name="lead_outcome",
    ),
    # The few that reports leave out.
    models.Index(fields=["company", "id"], condition=Q(deleted_at__isnull=False), name="lead_deleted"),
]

BOARD_INDEXES = [
    # Of open leads alone: in the last stages most are closed. In the order of a column, and counted by it.
    models.Index(
        fields=["company", "stage", "last_activity_at", "id"],
        condition=LIVE & Q(closed_at__isnull=True),
        name="lead_board",
    ),
    # The same for the leads of one owner, with what they are worth.
    models.Index(
        fields=["company", "owner", "stage", "last_activity_at", "id"],
        include=["currency", "amount", "status"],
        condition=LIVE & Q(closed_at__isnull=True),
        name="lead_board_of_owner",
    ),
]

# For the list narrowed from one value to another, which is counted by the index alone.
RANGE_INDEXES = [
    models.Index(
        fields=["company", "amount"],
        condition=LIVE & Q(amount__isnull=False),
        name="lead_amount",
    ),
    models.Index(
        fields=["company", "expected_close_on"],
        condition=LIVE & Q(expected_close_on__isnull=False),
        name="lead_closing_day",
    ),
]
