"""How models hold texts: in one Unicode form, and with the keys by which equal names are found."""

from typing import Any

from django.core.validators import MaxLengthValidator
from django.db import models

from crm.texts import is_blank, name_key, normalized, single_line

LONGEST_NAME_KEY = 255


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
        return name_key(getattr(instance, self.source))[: self.max_length]

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        key = self.key_of(model_instance)
        setattr(model_instance, self.attname, key)
        return key


def normalize_texts(instance: models.Model) -> None:
    """Set the texts of a row to the form in which they are stored, and its name keys.

    Texts are in NFC, those of one line without control characters and trimmed; a text that shows nothing is
    empty. A column that was deferred is left alone.
    """
    for field in instance._meta.concrete_fields:
        value = instance.__dict__.get(field.attname)
        if isinstance(value, str) and value and isinstance(field, models.CharField | models.TextField):
            setattr(instance, field.attname, _stored_text(field, value))
    for field in instance._meta.concrete_fields:
        if isinstance(field, NameKeyField):
            setattr(instance, field.attname, field.key_of(instance))


def _stored_text(field: models.Field[Any, Any], value: str) -> str | None:
    if isinstance(field, models.TextField):
        text = normalized(value)
    # A column with a validator of its own, such as a phone number, refuses control characters.
    elif any(not isinstance(each, MaxLengthValidator) for each in field.validators):
        text = normalized(value.strip())
    else:
        text = single_line(value)
    if is_blank(text):
        return None if field.null else ""
    return text
