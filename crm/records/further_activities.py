"""Activities about other records that the page of a record shows too, such as those of a person's leads."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import QuerySet

from crm.actors import Actor
from crm.models import Activity, EntityKind
from crm.models.records import Record


@dataclass(frozen=True, kw_only=True)
class FurtherActivities:
    """Live activities about other records, as the actor sees them."""

    rows: QuerySet[Activity]
    #: The number of records to which they were cut, those that were worked on last; None if they are all.
    cut_to: int | None = None


FindActivities = Callable[[Record, Actor], FurtherActivities]

_found_by: dict[EntityKind, FindActivities] = {}


def register(kind: EntityKind, find: FindActivities) -> None:
    """Register the activities that the records of a kind show beside their own."""
    _found_by[kind] = find


def has_further(record: Record) -> bool:
    """Return whether activities of other records belong to records of this kind too."""
    return record.entity_kind in _found_by


def further_activities(record: Record, actor: Actor) -> FurtherActivities | None:
    """Return the activities of other records that belong to a record too; None if its kind has none."""
    find = _found_by.get(record.entity_kind)
    return None if find is None else find(record, actor)
