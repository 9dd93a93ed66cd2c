"""The records of activities, what is to be done about records next, and what was done about them last."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import F, OrderBy, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from crm.actors import Actor
from crm.models import Activity
from crm.models.activities import PLANNED_AT, took_place_at
from crm.models.records import Record


def record_keys(model: type[Record], activities: Sequence[Activity]) -> Mapping[int, Sequence[int]]:
    """Return by key of the activity the key of its record, for those that belong to records of one model."""
    content_type = ContentType.objects.get_for_model(model)
    return {row.pk: [row.object_id] for row in activities if row.content_type_id == content_type.pk}


def next_activities(records: Sequence[Record], actor: Actor) -> Mapping[int, Sequence[int]]:
    """Return by key of the record the key of its next activity, for records of one kind.

    Tasks without a due date come last.
    """
    planned = _activities_of(records, actor).planned(timezone.now())
    return _first_of_each(planned, PLANNED_AT.asc(nulls_last=True))


def latest_activities(records: Sequence[Record], actor: Actor) -> Mapping[int, Sequence[int]]:
    """Return by key of the record the key of the activity that took place last, for records of one kind."""
    rows = _activities_of(records, actor).annotate(happened_at=took_place_at(timezone.now()))
    return _first_of_each(rows.filter(happened_at__isnull=False), F("happened_at").desc(), "-pk")


def _activities_of(records: Sequence[Record], actor: Actor) -> Any:
    # Without the condition that the record is visible: the records were read in scope.
    return Activity.objects.filter(
        company_id=actor.company_id,
        content_type=ContentType.objects.get_for_model(type(records[0])),
        object_id__in=[record.pk for record in records],
        deleted_at=None,
    )


def _first_of_each(rows: QuerySet[Activity], first: OrderBy, then: str = "pk") -> Mapping[int, Sequence[int]]:
    place = Window(RowNumber(), partition_by="object_id", order_by=[first, then])
    found = rows.annotate(place=place).filter(place=1).order_by()
    return {record: [key] for record, key in found.values_list("object_id", "pk")}
