"""What other parts of the product may listen to."""

from django.dispatch import Signal

#: Sent inside the transaction in which something was said, noted or done about a record, with ``record``,
#: locked, ``actor``, and ``activity``: NOTE, TASK or MESSAGE, or None where it is no activity. A listener
#: that fails stops the change.
record_discussed = Signal()
