"""The words of people for the fields of records, where the name of a column is not one."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

#: Stands in lists and pages where there is nothing, such as no owner. A choice of it has a word: "Nobody".
NONE = "\N{EN DASH}"

LABELS: Mapping[str, StrOrPromise] = {
    "firstname": _("First name"),
    "middlename": _("Middle name"),
    "lastname": _("Last name"),
    "email": _("E-mail"),
    "dob": _("Date of birth"),
    "zip": _("Postal code"),
    "address_2": _("Second line"),
    "displayname": _("Name that colleagues see"),
    "timezone": _("Time zone"),
    "lost_reason": _("Lost because of"),
    "reason_lost": _("Why, in words"),
    "expected_close_on": _("Expected to close on"),
    "rotting_days": _("Rots after days (0 is never)"),
    "probability": _("Chance in percent"),
    "is_feature": _("Featured"),
    "is_default": _("Is the default"),
    "is_active": _("Is active"),
    "weight": _("Place in the list"),
    "slug": _("Short name"),
    "member_id": _("Id in other systems"),
    "due_at": _("Due"),
    "remind_at": _("Remind at"),
    "starts_at": _("Begins"),
    "done_at": _("Done"),
    "organizations": _("Organizations"),
    "participants": _("Participants"),
    "people_participants": _("People in the lead"),
    "deleted_at": _("Deleted"),
}
_CUSTOM = "custom_fields."


def labels_for(model: type[models.Model]) -> dict[str, StrOrPromise]:
    """Return the labels of a model's fields that have other ones than their column."""
    return {field.name: LABELS[field.name] for field in model._meta.get_fields() if field.name in LABELS}


def label_of(model: type[models.Model], name: str) -> str:
    """Return the label of a field, or of a custom field, as the history names it."""
    if name.startswith(_CUSTOM):
        return name.removeprefix(_CUSTOM)
    if name in LABELS:
        return str(LABELS[name])
    try:
        field: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        return capfirst(name.replace("_", " "))
    return capfirst(str(getattr(field, "verbose_name", name)))
