"""Custom fields of a record, which are one JSON column, and the definitions that give some of them a type."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models

from crm.caps import CHOICES, CUSTOM_FIELDS
from crm.custom_field_values import CustomFieldValue, read_value
from crm.database.read_once import once
from crm.json_texts import DEEPEST, is_bounded
from crm.models.base import TenantModel, TenantQuerySet
from crm.models.texts import NameKeyField
from crm.texts import is_blank, name_key, normalized_json, single_line

#: JSON values by name: those without a definition can have any type.
CustomFieldValues = dict[str, Any]

LONGEST_NAME = 100
NOT_STORABLE = f"Enter JSON of at most {DEEPEST} levels, with numbers that can be kept exactly."
#: An escaped NUL, but not "u0000" after an escaped backslash.
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def is_same(one: object, other: object) -> bool:
    # Not ==: to Python, 1, 1.0 and True are equal.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def is_storable(value: object) -> bool:
    """Return whether a value is JSON that every database stores as it is, and not nested too deep."""
    if _is_shown(value) or (type(value) is dict and all(map(_is_shown, (*value, *value.values())))):
        return True
    if not is_bounded(value):
        return False
    # Python's parser also accepts infinity, half surrogates and NUL, which PostgreSQL refuses.
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, TypeError):
        return False
    return NUL.search(text) is None


def _is_shown(value: object) -> bool:
    """Return whether a value is a text of characters that show something, unlike NUL and half surrogates."""
    return type(value) is str and value.isprintable()


class CustomFieldKind(models.TextChoices):
    """The type of the values of a defined custom field."""

    TEXT = "TEXT", "Text"
    NUMBER = "NUMBER", "Number"
    DATE = "DATE", "Date"
    BOOLEAN = "BOOLEAN", "Yes or no"
    CHOICE = "CHOICE", "Choice"
    URL = "URL", "Web address"


class EntityKind(models.TextChoices):
    """The kinds of records that tags, files, custom fields and activities belong to."""

    LEAD = "LEAD", "Lead"
    PEOPLE = "PEOPLE", "Person"
    ORGANIZATION = "ORGANIZATION", "Organization"


class CustomFieldDefinition(TenantModel):
    """The definition of a custom field for the records of one kind in a company."""

    model = models.CharField(max_length=12, choices=EntityKind.choices)
    name = models.CharField(max_length=LONGEST_NAME)
    name_key = NameKeyField()
    label = models.CharField(max_length=255, null=True, blank=True)
    kind = models.CharField(max_length=7, choices=CustomFieldKind.choices, default=CustomFieldKind.TEXT)
    choices = models.JSONField(default=list, blank=True)
    required = models.BooleanField(default=False)
    weight = models.IntegerField(default=0)

    objects: ClassVar[TenantQuerySet["CustomFieldDefinition"]] = TenantQuerySet[
        "CustomFieldDefinition"
    ].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "model", "name_key"],
                name="custom_field_name_once",
                violation_error_message="A custom field of this name exists already.",
            )
        ]

    def __str__(self) -> str:
        return self.label or self.name

    def read(self, value: object) -> CustomFieldValue | None:
        """Read a value into the form in which it is stored; raise ``ValueError`` if it is of another kind."""
        if isinstance(value, str) and is_blank(value):
            return None
        return read_value(self.kind, value, self.choices)

    def clean(self) -> None:
        original, self.name = self.name, self.name.strip()
        # Django itself reports a name that was left empty.
        if original and not (self.name and is_storable(self.name)):
            raise ValidationError({"name": f"A name has 1 to {LONGEST_NAME} characters."})
        if self.kind != CustomFieldKind.CHOICE:
            self.choices = []
            return
        if not isinstance(self.choices, list) or not all(isinstance(each, str) for each in self.choices):
            raise ValidationError({"choices": "Enter a list of texts."})
        self.choices = [single_line(each) for each in self.choices]
        spelled = {name_key(each) for each in self.choices}
        if not spelled or "" in spelled or len(spelled) != len(self.choices):
            raise ValidationError({"choices": "Enter at least one choice, none empty and none twice."})
        CHOICES.check(before=0, after=len(self.choices), field="choices")
        if not is_storable(self.choices) or max(map(len, self.choices)) > LONGEST_NAME:
            raise ValidationError({"choices": f"A choice has 1 to {LONGEST_NAME} characters."})


class WithCustomFields(models.Model):
    """A record with custom fields: any JSON value under a name of 1 to 100 characters.

    Values must match the definitions of the company for this kind of record. These are read only once, when a
    record is created or its custom fields change.
    """

    custom_fields = models.JSONField(default=dict, blank=True)

    company_id: int
    entity_kind: ClassVar[EntityKind]
    _stored_custom_fields: CustomFieldValues | None = None
    _definitions: dict[str, CustomFieldDefinition] | None = None

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        record = super().from_db(*args, **kwargs)
        # To detect changes. From __dict__, since a deferred column would be read by a query here.
        record._stored_custom_fields = record.__dict__.get("custom_fields")
        return record

    def definitions(self) -> Mapping[str, CustomFieldDefinition]:
        """Return the definitions for this kind of record, by their name keys."""
        if self._definitions is None:
            self._definitions = once(
                (self.company_id, self.entity_kind, "definitions"), self._read_definitions
            )
        return self._definitions or {}

    def _read_definitions(self) -> dict[str, CustomFieldDefinition]:
        defined = CustomFieldDefinition.objects.filter(company_id=self.company_id, model=self.entity_kind)
        return {definition.name_key: definition for definition in defined}

    def set_definitions(self, definitions: Iterable[CustomFieldDefinition]) -> None:
        """Set the definitions for this kind of record, which the caller has read already."""
        self._definitions = {definition.name_key: definition for definition in definitions}

    def clean(self) -> None:
        super().clean()
        if not isinstance(self.custom_fields, dict):
            raise ValidationError({"custom_fields": "Enter an object of names and values."})
        held = 0 if self._state.adding else len(self._stored_custom_fields or {})
        CUSTOM_FIELDS.check(before=held, after=len(self.custom_fields), field="custom_fields")
        for name in self.custom_fields:
            if is_blank(name) or len(name) > LONGEST_NAME:
                raise ValidationError({"custom_fields": f"A name has 1 to {LONGEST_NAME} characters."})
        if not is_storable(self.custom_fields):
            raise ValidationError({"custom_fields": NOT_STORABLE})
        if self.custom_fields is not self._stored_custom_fields:
            self.custom_fields = normalized_json(self.custom_fields)
        if self._state.adding or self.custom_fields is not self._stored_custom_fields:
            self._apply_definitions()

    def _apply_definitions(self) -> None:
        # Only new values must match: those stored before the definition must not block other changes.
        stored = {} if self._state.adding else self._stored_custom_fields or {}
        values: CustomFieldValues = {}
        errors: list[str] = []
        for name, value in self.custom_fields.items():
            definition = self.definitions().get(name_key(name))
            if definition is None or (name in stored and is_same(stored[name], value)):
                values[name] = value
                continue
            try:
                read = definition.read(value)
            except ValueError as reason:
                errors.append(f"{definition}: {reason}")
            else:
                if read is not None:
                    values[definition.name] = read
        for definition in self.definitions().values():
            # A record that never had the field can still be changed without it.
            is_needed = definition.required and (self._state.adding or definition.name in stored)
            if is_needed and definition.name not in values and not errors:
                errors.append(f"{definition}: This field is required.")
        if errors:
            raise ValidationError({"custom_fields": errors})
        self.custom_fields = values

    def set_stored_custom_fields(self, values: CustomFieldValues) -> None:
        """Set values that this or another record had stored, without checking them again."""
        self.custom_fields = self._stored_custom_fields = values

    def listed_custom_fields(self) -> list[dict[str, object]]:
        """Return the custom fields as the API lists them: sorted by name."""
        return [{"name": name, "value": self.custom_fields[name]} for name in sorted(self.custom_fields)]
