"""The words of people for the fields of records, where the name of a column is not one."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst

LABELS: Mapping[str, str] = {
    "firstname": "First name",
    "middlename": "Middle name",
    "lastname": "Last name",
    "email": "E-mail",
    "dob": "Date of birth",
    "zip": "Postal code",
    "address_2": "Second line",
    "displayname": "Name that colleagues see",
    "timezone": "Time zone",
    "lost_reason": "Lost because of",
    "reason_lost": "Why, in words",
    "expected_close_on": "Expected to close on",
    "rotting_days": "Left alone too long after (days)",
    "probability": "Chance in percent",
    "is_feature": "Featured",
    "is_default": "Is the default",
    "is_active": "Is active",
    "weight": "Place in the list",
    "slug": "Short name",
    "member_id": "Id in other systems",
    "due_at": "Due",
    "remind_at": "Remind at",
    "starts_at": "Begins",
    "done_at": "Done",
    "organizations": "Organizations",
    "participants": "Participants",
    "people_participants": "People in the lead",
    "deleted_at": "Deleted",
}
_CUSTOM = "custom_fields."


def labels_for(model: type[models.Model]) -> dict[str, str]:
    """Return the labels of a model's fields that have other ones than their column."""
    return {field.name: LABELS[field.name] for field in model._meta.get_fields() if field.name in LABELS}


def label_of(model: type[models.Model], name: str) -> str:
    """Return the label of a field, or of a custom field, as the history names it."""
    if name.startswith(_CUSTOM):
        return name.removeprefix(_CUSTOM)
    if name in LABELS:
        return LABELS[name]
    try:
        field: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        return capfirst(name.replace("_", " "))
    return capfirst(str(getattr(field, "verbose_name", name)))
