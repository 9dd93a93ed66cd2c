"""What other parts of the product may listen to."""

from django.dispatch import Signal

#: Sent inside the transaction of a merge or its undoing, with ``moves``, a list of
#: ``people.services.merge_moves.Move``, and ``actor``. A listener that fails stops the merge.
rows_moved = Signal()
