"""Stored values as a form and its inlines show them; the page posts them back with what was typed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.admin.stale.posted import Fields, Posted, initial_of, is_compared


@dataclass(kw_only=True)
class Shown:
    """The values of a form, and of the rows of its inlines by the prefix of the inline and their keys."""

    fields: Fields = field(default_factory=dict)
    inlines: dict[str, dict[str, Fields]] = field(default_factory=dict)

    def find(self, path: Sequence[str]) -> Posted | None:
        """Return the values of a field: ``[name]``, or ``[prefix, key of the row, name]``."""
        if len(path) == 1:
            return self.fields.get(path[0])
        prefix, row, name = path
        return self.inlines.get(prefix, {}).get(row, {}).get(name)

    def dumped(self) -> str:
        return json.dumps({"fields": self.fields, "inlines": self.inlines}, ensure_ascii=False)


def shown_by(form: Any, formsets: Sequence[Any]) -> Shown:
    """Return what a form and its inlines show before anybody types."""
    inlines = {
        formset.prefix: {
            str(each.instance.pk): fields_of(each, but=own_fields(formset)) for each in formset.initial_forms
        }
        for formset in formsets
    }
    return Shown(fields=fields_of(form), inlines=inlines)


def fields_of(form: Any, but: Sequence[str] = ()) -> Fields:
    return {
        name: initial_of(form, name)
        for name, each in form.fields.items()
        if name not in but and is_compared(name, each)
    }


def own_fields(formset: Any) -> tuple[str, str]:
    """Return the fields by which an inline tells its rows apart, and whose they are."""
    return formset.model._meta.pk.name, formset.fk.name


def read_shown(text: str) -> Shown | None:
    """Return what a page posted back; None if that cannot be read."""
    try:
        read = json.loads(text)
        inlines = {
            str(prefix): {str(key): _fields(each) for key, each in rows.items()}
            for prefix, rows in read["inlines"].items()
        }
        return Shown(fields=_fields(read["fields"]), inlines=inlines)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def read_before(text: str) -> dict[str, Posted | None]:
    """Return what fields that are still to be chosen held before, by their keys; None where unknown."""
    try:
        read = json.loads(text).items()
        return {str(key): None if each is None else _fields({"": each})[""] for key, each in read}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _fields(read: Any) -> Fields:
    return {
        str(name): {str(ending): [str(text) for text in texts] for ending, texts in posted.items()}
        for name, posted in read.items()
    }
