"""Checks that a row takes no unique place that another row has, such as a name in its company."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import UniqueConstraint

#: ``crm.services.external_ids`` has looked for it before, and names the record that has the place.
CHECKED_BEFORE = "external_id"


def check_unique(instance: models.Model) -> None:
    """Refuse a row whose place is taken, at the field that says which place it is."""
    taken: dict[str, list[str]] = {}
    for constraint in instance._meta.constraints:
        if not isinstance(constraint, UniqueConstraint) or CHECKED_BEFORE in constraint.fields:
            continue
        if _takes_place(constraint, instance):
            try:
                constraint.validate(type(instance), instance)
            except ValidationError as clash:
                taken.setdefault(_clash_field(constraint), []).extend(clash.messages)
    if taken:
        raise ValidationError(taken)


def _takes_place(constraint: UniqueConstraint, instance: models.Model) -> bool:
    """Return whether a row may clash at all: null equals no null, unless a constraint says so."""
    if constraint.nulls_distinct is False:
        return True
    names = _attributes(type(instance))
    # Django finds this out too, but only once it has made a query set.
    return all(instance.__dict__.get(names[name], name) is not None for name in constraint.fields)


@cache
def _attributes(model: type[models.Model]) -> Mapping[str, str]:
    """Return the attributes that hold the values of fields, by the names of the fields."""
    return {field.name: field.attname for field in model._meta.concrete_fields}


def _clash_field(constraint: UniqueConstraint) -> str:
    """Return the field that a clash is reported at: the last of several, such as a name in its company."""
    if len(constraint.fields) > 1:
        field = constraint.fields[-1]
        return "name" if field == "name_key" else field
    if len(constraint.expressions) < 2:
        return NON_FIELD_ERRORS
    expression: Any = constraint.expressions[-1]
    # Down to the column itself: Lower("name") clashes over "name".
    while hasattr(expression, "get_source_expressions"):
        expression = expression.get_source_expressions()[0]
    return str(expression.name)
