"""Signals of people and organizations, for the apps above."""

from django.dispatch import Signal

#: Sent inside the transaction of a merge or its undoing, with ``moves``, a list of
#: ``people.services.merge_moves.Move``, and ``actor``. A receiver that raises rolls the merge back.
rows_moved = Signal()
