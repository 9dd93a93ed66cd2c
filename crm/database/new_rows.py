"""Makes new instances of models without Django's constructor, which takes most of the time of very many."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django.db.models import Field, FileField, Model
from django.db.models.base import ModelState
from django.db.models.signals import post_init, pre_init

Row = TypeVar("Row", bound=Model)


def new_row(model: type[Row], /, **columns: object) -> Row:
    """Return a new instance with the given columns, and the defaults of all others.

    :param columns: by attribute name, so a relation by its key; a name that is no column is not refused.
    """
    defaults = _defaults(model)
    if defaults is None:
        return model(**columns)
    fixed, made = defaults
    row = model.__new__(model)
    values = row.__dict__
    values["_state"] = ModelState()
    values.update(fixed)
    for name, make in made:
        if name not in columns:
            values[name] = make()
    values.update(columns)
    return row


def relate(row: Model, name: str, related: Model) -> None:
    """Cache the row that a relation of a new row refers to, whose key the row has already, or gets later."""
    row._state.fields_cache[name] = related


Defaults = tuple[dict[str, Any], tuple[tuple[str, Callable[[], Any]], ...]]


@cache
def _defaults(model: type[Model]) -> Defaults | None:
    """Return the defaults that are always the same, and those that are made; None if a model does more."""
    fields: tuple[Field[Any, Any], ...] = model._meta.concrete_fields
    does_more = (
        model.__init__ is not Model.__init__
        or pre_init.has_listeners(model)
        or post_init.has_listeners(model)
        or any(isinstance(field, FileField) or field.generated for field in fields)
    )
    if does_more:
        return None
    made = [field for field in fields if _is_made(field)]
    fixed = {field.attname: field.get_default() for field in fields if field not in made}
    return fixed, tuple((field.attname, field.get_default) for field in made)


def _is_made(field: "Field[Any, Any]") -> bool:
    if field.has_default():
        return callable(field.default)
    return field.has_db_default()
