"""Free fields of a record: one JSON column, name to value; and the definitions that give some a type."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from crm.custom_field_values import read_value
from crm.models.base import TenantModel, TenantQuerySet

LONGEST_NAME = 100
#: An escaped NUL, not the six characters after an escaped backslash.
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are the same; to Python 1, 1.0 and True are equal."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def is_storable(value: Any) -> bool:
    """Tell whether a value is JSON that every database stores.

    Python's own reader also takes infinity, half surrogates and NUL, which PostgreSQL refuses.
    """
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, TypeError, RecursionError):
        return False
    return NUL.search(text) is None


class CustomFieldKind(models.TextChoices):
    """What the values of a defined custom field are."""

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
    """The type of a custom field that the records of one kind have in a company."""

    model = models.CharField(max_length=12, choices=EntityKind.choices)
    name = models.CharField(max_length=LONGEST_NAME)
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
                "company",
                "model",
                Lower("name"),
                name="custom_field_name_once",
                violation_error_message="A custom field of this name exists already.",
            )
        ]

    def __str__(self) -> str:
        return self.label or self.name

    def read(self, value: Any) -> Any:
        """Read a value into the form in which it is stored; empty text is no value.

        :raises ValueError: if the value is of another kind.
        """
        if isinstance(value, str) and not value.strip():
            return None
        return read_value(self.kind, value, self.choices)

    def clean(self) -> None:
        # Names are texts to look up by; only a choice has choices, and it has some.
        given, self.name = self.name, self.name.strip()
        if given and not (self.name and is_storable(self.name)):
            raise ValidationError({"name": f"A name has 1 to {LONGEST_NAME} characters."})
        if self.kind != CustomFieldKind.CHOICE:
            self.choices = []
            return
        if not isinstance(self.choices, list) or not all(isinstance(each, str) for each in self.choices):
            raise ValidationError({"choices": "Enter a list of texts."})
        self.choices = [each.strip() for each in self.choices]
        spelled = {each.casefold() for each in self.choices}
        if not spelled or "" in spelled or len(spelled) != len(self.choices):
            raise ValidationError({"choices": "Enter at least one choice, none empty and none twice."})
        if not is_storable(self.choices) or max(map(len, self.choices)) > LONGEST_NAME:
            raise ValidationError({"choices": f"A choice has 1 to {LONGEST_NAME} characters."})


class WithCustomFields(models.Model):
    """A record with custom fields: any JSON value under a name of 1 to 100 characters.

    Those that the company has defined for this kind of record are held to their definitions. The definitions
    are read when a record is made and when its custom fields change, and then once.
    """

    custom_fields = models.JSONField(default=dict, blank=True)

    company_id: int
    entity_kind: ClassVar[EntityKind]
    _stored_custom_fields: dict[str, Any] | None = None
    _definitions: dict[str, CustomFieldDefinition] | None = None

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        """Keep in mind what is stored, to tell a change from what stood there before."""
        record = super().from_db(*args, **kwargs)
        record._stored_custom_fields = record.__dict__.get("custom_fields")
        return record

    def definitions(self) -> Mapping[str, CustomFieldDefinition]:
        """Give the definitions for this kind of record, by their names without case."""
        if self._definitions is None:
            self.know_definitions(
                CustomFieldDefinition.objects.filter(company_id=self.company_id, model=self.entity_kind)
            )
        return self._definitions or {}

    def know_definitions(self, definitions: Iterable[CustomFieldDefinition]) -> None:
        """Have the definitions for this kind of record, which were read already."""
        self._definitions = {definition.name.casefold(): definition for definition in definitions}

    def clean(self) -> None:
        super().clean()
        # A custom field has a name, and an object holds them all.
        if not isinstance(self.custom_fields, dict):
            raise ValidationError({"custom_fields": "Enter an object of names and values."})
        for name in self.custom_fields:
            if not name.strip() or len(name) > LONGEST_NAME:
                raise ValidationError({"custom_fields": f"A name has 1 to {LONGEST_NAME} characters."})
        if not is_storable(self.custom_fields):
            raise ValidationError({"custom_fields": "Enter values that are JSON, with finite numbers."})
        if self._state.adding or self.custom_fields is not self._stored_custom_fields:
            self._fit_definitions()

    def _fit_definitions(self) -> None:
        # What is new fits its definition; what stood there before it keeps no record from changing.
        stored = {} if self._state.adding else self._stored_custom_fields or {}
        fitted: dict[str, Any] = {}
        refused: list[str] = []
        for name, value in self.custom_fields.items():
            definition = self.definitions().get(name.casefold())
            if definition is None or (name in stored and is_same(stored[name], value)):
                fitted[name] = value
                continue
            try:
                read = definition.read(value)
            except ValueError as reason:
                refused.append(f"{definition}: {reason}")
            else:
                if read is not None:
                    fitted[definition.name] = read
        for definition in self.definitions().values():
            demanded = definition.required and (self._state.adding or definition.name in stored)
            if demanded and definition.name not in fitted and not refused:
                refused.append(f"{definition}: This field is required.")
        if refused:
            raise ValidationError({"custom_fields": refused})
        self.custom_fields = fitted

    def take_custom_fields(self, values: dict[str, Any]) -> None:
        """Have values that were stored before, here or on another record, without fitting them anew."""
        self.custom_fields = self._stored_custom_fields = values

    def listed_custom_fields(self) -> list[dict[str, Any]]:
        """Give the custom fields by name, as the API lists them."""
        return [{"name": name, "value": self.custom_fields[name]} for name in sorted(self.custom_fields)]
