"""Normalize the texts of models, and store the keys by which equal names are found."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any

from django.core.validators import MaxLengthValidator
from django.db import models

from crm.texts import is_blank, name_key, normalized, normalized_json, single_line

LONGEST_NAME_KEY = 255
_KEPT_OF_LONG_KEY = 190


def stored_name_key(text: str | None) -> str:
    """Return a name key as the columns of names hold it."""
    key = name_key(text)
    if len(key) <= LONGEST_NAME_KEY:
        return key
    # Folding can make a name three times as long. Two long names must not be equal by their beginning alone.
    return f"{key[:_KEPT_OF_LONG_KEY]}{sha256(key.encode()).hexdigest()}"


class NameKeyField(models.CharField):  # type: ignore[type-arg]
    """The name key of another column, computed whenever the row is written."""

    def __init__(self, *args: Any, source: str = "name", **options: Any) -> None:
        self.source = source
        options = {"max_length": LONGEST_NAME_KEY, "blank": True, "editable": False, **options}
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        if self.source != "name":
            options["source"] = self.source
        return name, path, args, options

    def key_of(self, instance: models.Model) -> str:
        return stored_name_key(getattr(instance, self.source))

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        key = self.key_of(model_instance)
        setattr(model_instance, self.attname, key)
        return key


def normalize_texts(instance: models.Model) -> None:
    """Set the texts of a row to the form in which they are stored, and its name keys.

    Texts are in NFC, also within JSON, those of one line without control characters and trimmed; a text that
    shows nothing is empty. A column that was deferred is left alone.
    """
    values = instance.__dict__
    for name, read, empty in _text_columns(type(instance)):
        value = values.get(name)
        if isinstance(value, str) and value:
            text = read(value)
            values[name] = empty if is_blank(text) else text
    for name in _json_columns(type(instance)):
        if isinstance(values.get(name), list | dict):
            values[name] = normalized_json(values[name])
    for field in _name_keys(type(instance)):
        values[field.attname] = field.key_of(instance)


@cache
def _text_columns(model: type[models.Model]) -> tuple[tuple[str, Callable[[str], str], str | None], ...]:
    """Return the columns of text by name, each with its reader and the value of an empty text."""
    return tuple(
        (field.attname, _reader(field), None if field.null else "")
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField) and not isinstance(field, NameKeyField)
    )


@cache
def _json_columns(model: type[models.Model]) -> tuple[str, ...]:
    # Custom fields have rules of their own, which need to know whether the object is another one.
    columns = (field for field in model._meta.concrete_fields if isinstance(field, models.JSONField))
    return tuple(field.attname for field in columns if field.name != "custom_fields")


@cache
def _name_keys(model: type[models.Model]) -> tuple[NameKeyField, ...]:
    return tuple(field for field in model._meta.concrete_fields if isinstance(field, NameKeyField))


def _reader(field: models.Field[Any, Any]) -> Callable[[str], str]:
    if isinstance(field, models.TextField):
        return normalized
    # A column with a validator of its own, such as a phone number, refuses control characters.
    if any(not isinstance(each, MaxLengthValidator) for each in field.validators):
        return _trimmed
    return single_line


def _trimmed(text: str) -> str:
    return normalized(text.strip())
