"""Signals of people and organizations, for the apps above."""

from django.dispatch import Signal

#: Sent inside the transaction of a merge or its undoing, with ``merge``, a
#: ``people.services.moved_rows.MovedRows``, and ``actor``. A receiver that raises rolls the merge back.
rows_moved = Signal()
