"""Signals of people and organizations, for the apps above."""

from django.dispatch import Signal

#: Sent inside the transaction of a merge or its undoing, with ``merge``, a
#: ``people.services.moved_rows.MovedRows``, and ``actor``. A receiver that raises rolls the merge back.
rows_moved = Signal()

#: Sent inside the transaction that erases people, with ``people``, a person and those merged into them, and
#: ``erasure``, a ``crm.services.erasing.Erasure``: receivers erase what their app holds about them.
person_erased = Signal()

#: Sent for a report of all that is held about a person, with ``person`` and ``actor``; receivers return what
#: their app holds, in plain JSON by name.
person_reported = Signal()
