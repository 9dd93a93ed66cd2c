"""What other parts of the product may listen to."""

from django.dispatch import Signal

#: Sent inside the transaction in which something was said, noted or done about a record, with ``record``,
#: locked, ``actor``, and ``activity``: NOTE, TASK or MESSAGE, or None where it is no activity. A listener
#: that fails stops the change.
record_discussed = Signal()

#: Sent inside the transaction in which a company's region changed, with ``company``: phone numbers without a
#: prefix mean others now. A listener that fails stops the change.
region_changed = Signal()

#: Sent inside the transaction in which a member stops being one who may own leads, with ``membership``,
#: ``heir``, the user whom what is open goes to, or None, and ``actor``. A listener that fails stops it.
member_left = Signal()
