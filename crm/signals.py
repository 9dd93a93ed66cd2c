"""Signals of the crm app, for the apps above it."""

from django.dispatch import Signal

#: Sent inside the transaction of a message or activity about a record, with ``record``, locked, ``actor``,
#: and ``activity``: MESSAGE or the kind of an activity that took place, or None if nothing did. ``at`` is the
#: time at which it did, and the present if it is left out. A receiver that fails stops the change.
record_discussed = Signal()

#: Sent inside the transaction in which a company's region changes, with ``company``: phone numbers without a
#: country prefix are read differently now. A receiver that fails stops the change.
region_changed = Signal()

#: Sent inside the transaction in which a member loses the right to own leads, with ``membership``, ``heir``,
#: the user who takes over the open work, or None, and ``actor``. A receiver that fails stops the change.
member_left = Signal()

#: Sent inside the transaction in which records got a new version together, or by rows outside their columns,
#: with ``records``, locked, and ``actor``; the sender is their model. A receiver that fails stops the change.
records_changed = Signal()
