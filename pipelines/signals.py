"""What other parts of the product may listen to."""

from django.dispatch import Signal

#: Sent inside the transaction in which a stage goes and another one takes its place, with ``stage``,
#: ``replacement`` and ``actor``. A listener that fails stops the change.
stage_replaced = Signal()
