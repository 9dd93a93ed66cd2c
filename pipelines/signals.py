"""Signals of pipelines, for the apps above."""

from django.dispatch import Signal

#: Sent inside the transaction that deletes a stage and names a replacement, with ``stage``,
#: ``replacement`` and ``actor``. A receiver that raises rolls the change back.
stage_replaced = Signal()
