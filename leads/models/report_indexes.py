"""Indexes of leads with all that forecasts and reports read, so that they read no rows.

Partial ones: a new lead without an amount is in neither.
"""

from django.db import models
from django.db.models import Q

from crm.models.lifecycle import LIVE

REPORT_INDEXES = [
    models.Index(
        fields=["company", "expected_close_on"],
        include=["status", "stage", "pipeline", "owner", "currency", "amount", "probability"],
        condition=LIVE & Q(amount__isnull=False),
        name="lead_forecast",
    ),
    models.Index(
        fields=["company", "closed_at"],
        include=[
            "status",
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
        name="lead_closed",
    ),
    # The few that reports leave out.
    models.Index(fields=["company", "id"], condition=Q(deleted_at__isnull=False), name="lead_deleted"),
]
