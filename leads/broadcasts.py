"""From a changed lead to the processes that hold subscribers."""

from typing import Any

from django.dispatch import receiver

from crm.events import wakeups
from leads.signals import lead_changed


@receiver(lead_changed, dispatch_uid="leads.broadcasts")
def announce(**_: Any) -> None:
    """Say that there is news in the log."""
    wakeups.publish()
