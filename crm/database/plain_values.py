"""Recognizes rows whose values Django's checks of the fields would leave as they are, in less time.

The checks are derived from the fields of a model. Whatever they do not know is left to the fields themselves,
and so are the messages: a row that is not recognized is checked by Django.
"""

from collections.abc import Callable, Collection
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models

#: Whether the value of one column of a row is one that its field takes as it is.
Check = Callable[[Any, models.Model], bool]
#: The types of values that fields read as they are.
TYPES: dict[type, type] = {
    models.CharField: str,
    models.TextField: str,
    models.IntegerField: int,
    models.BooleanField: bool,
    models.UUIDField: UUID,
    models.DateField: date,
    models.DateTimeField: datetime,
}
#: The steps of a check that a class of fields may do in its own way.
STEPS = ("clean", "validate", "run_validators")


def are_plain(instance: models.Model, excluded: Collection[str]) -> bool:
    """Return whether ``clean_fields`` would leave a row as it is; False where that is not certain."""
    values = instance.__dict__
    for name, null_is_fine, check in _checks(type(instance), frozenset(excluded)):
        if name not in values:
            return False
        value = values[name]
        if value is None:
            if not null_is_fine:
                return False
        elif not check(value, instance):
            return False
    return True


# Of a changed row only what changed is checked, so the sets of names may be many.
@lru_cache(maxsize=1024)
def _checks(model: type[models.Model], excluded: frozenset[str]) -> tuple[tuple[str, bool, Check], ...]:
    fields: Collection[models.Field[Any, Any]] = model._meta.concrete_fields
    return tuple(
        (field.attname, field.blank or (field.null and not field.editable), _check(field))
        for field in fields
        if field.name not in excluded and not field.generated
    )


def _check(field: "models.Field[Any, Any]") -> Check:
    if field.is_relation:
        # Whether the related row exists takes a statement, which Django sends once.
        return lambda _value, _instance: False
    base = next((each for each in type(field).__mro__ if each in TYPES), None)
    if base is None or not _is_usual(field, base):
        return _checked_by(field)
    type_: Any = TYPES[base]
    empty_is_fine = field.blank or not field.editable
    choices = {key for key, _ in field.flatchoices} if field.editable and field.choices else None
    longest, lowest, highest, others = _limits(field)

    def check(value: Any, _instance: models.Model) -> bool:
        # Exactly: a subclass may be another kind of value, as a boolean is of a number.
        if value.__class__ is not type_:
            return False
        if value == "":
            return empty_is_fine
        if choices is not None and value not in choices:
            return False
        if longest is not None and len(value) > longest:
            return False
        if (lowest is not None and value < lowest) or (highest is not None and value > highest):
            return False
        return not others or _passes(others, value)

    return check


def _is_usual(field: "models.Field[Any, Any]", base: type["models.Field[Any, Any]"]) -> bool:
    """Return whether a field checks its values as the class of Django's does that it is derived from."""
    steps = all(getattr(type(field), step) is getattr(models.Field, step) for step in STEPS)
    return steps and type(field).to_python is base.to_python


def _limits(field: "models.Field[Any, Any]") -> tuple[int | None, Any, Any, list[Callable[[Any], object]]]:
    """Return the greatest length and the bounds that validators set, and the other validators."""
    longest = lowest = highest = None
    others: list[Callable[[Any], object]] = []
    for validator in field.validators:
        limit = getattr(validator, "limit_value", None)
        if type(validator) is MaxLengthValidator and isinstance(limit, int):
            longest = limit if longest is None else min(longest, limit)
        elif type(validator) is MinValueValidator and isinstance(limit, int):
            lowest = limit if lowest is None else max(lowest, limit)
        elif type(validator) is MaxValueValidator and isinstance(limit, int):
            highest = limit if highest is None else min(highest, limit)
        else:
            others.append(validator)
    return longest, lowest, highest, others


def _passes(validators: Collection[Callable[[Any], object]], value: object) -> bool:
    try:
        for validator in validators:
            validator(value)
    except ValidationError:
        return False
    return True


def _checked_by(field: "models.Field[Any, Any]") -> Check:
    def check(value: Any, instance: models.Model) -> bool:
        if field.blank and value in field.empty_values:
            return True
        try:
            return field.clean(value, instance) is value
        except ValidationError:
            return False

    return check
