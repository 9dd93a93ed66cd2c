"""What happens to leases as time passes, without waiting for it."""

from datetime import timedelta

from django.conf import settings
from django.db.models import F

from crm.models.leases import Leased


def pass_time(model: type[Leased], seconds: float | None = None) -> None:
    """Let seconds pass for all leases on the rows of a model; by default one more than a lease lasts."""
    passed = settings.WORK_LEASE_SECONDS + 1 if seconds is None else seconds
    # The database's clock decides, which no test can set.
    leased = model._default_manager.exclude(leased_until=None)
    leased.update(leased_until=F("leased_until") - timedelta(seconds=passed))
