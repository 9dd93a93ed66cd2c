"""Free fields of a record: one JSON column, name to value."""

import json
import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

LONGEST_NAME = 100
#: An escaped NUL, not the six characters after an escaped backslash.
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


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


class WithCustomFields(models.Model):
    """A record with custom fields: any JSON value under a name of 1 to 100 characters."""

    custom_fields = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True

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

    def listed_custom_fields(self) -> list[dict[str, Any]]:
        """Give the custom fields by name, as the API lists them."""
        return [{"name": name, "value": self.custom_fields[name]} for name in sorted(self.custom_fields)]
