"""Reads once for each request the activities of the leads of a person or organization."""

from django.http import HttpRequest

from crm.admin.acting import actor_of
from crm.models.records import Record
from crm.records.further_activities import FurtherActivities, further_activities


def further_of(request: HttpRequest, record: Record) -> FurtherActivities | None:
    """Return the activities of the leads of a person or organization; None for a record that has none."""
    attributes, actor = vars(request), actor_of(request)
    if "further_activities" not in attributes:
        # The head of the page and its timeline both ask.
        attributes["further_activities"] = None if actor is None else further_activities(record, actor)
    further: FurtherActivities | None = attributes["further_activities"]
    return further
