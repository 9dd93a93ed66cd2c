"""Wakes the processes with subscribers after a lead changed."""

from django.dispatch import receiver

from crm.events import wakeups
from leads.signals import lead_changed


@receiver(lead_changed, dispatch_uid="leads.broadcasts")
def wake_subscribers(**_: object) -> None:
    wakeups.publish()
