"""Signals of the leads app."""

from django.dispatch import Signal

#: Sent after commit, once for each change of a lead, with ``event``, a ``crm.events.audience.Event``.
lead_changed = Signal()
