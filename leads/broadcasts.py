"""From a changed lead to the processes that hold subscribers."""

from typing import Any

from django.dispatch import receiver

from crm.events import hints
from crm.events.audience import Event
from leads.signals import lead_changed


@receiver(lead_changed, dispatch_uid="leads.broadcasts")
def announce(*, event: Event, **_: Any) -> None:
    """Hand a committed event on."""
    hints.publish(event)
