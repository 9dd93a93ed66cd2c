"""Signals of the crm app, for the apps above it."""

from django.dispatch import Signal

#: Sent inside the transaction of a message, note or task about a record, with ``record``, locked,
#: ``actor``, and ``activity``: NOTE, TASK or MESSAGE, or None if it is not an activity. A receiver that fails
#: stops the change.
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
