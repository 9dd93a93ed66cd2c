"""Let time pass for leases without waiting for it."""

from datetime import timedelta

from django.conf import settings
from django.db.models import F

from crm.background import rows
from crm.background.registry import parts
from crm.background.rows import Claim
from crm.models.leases import Leased


def pass_time(model: type[Leased], *, share: float = 1.1) -> None:
    """Let this share of the time that a lease lasts pass for all leases on the rows of a model."""
    passed = timedelta(seconds=settings.WORK_LEASE_SECONDS * share)
    # The database's clock decides, which no test can set.
    leased = model._default_manager.exclude(leased_until=None)
    leased.update(leased_until=F("leased_until") - passed)


def taken(name: str) -> Claim:
    """Claim a part of the upkeep that is due."""
    claim = rows.claim_due(parts()[name])
    assert claim is not None
    return claim
