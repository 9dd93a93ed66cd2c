"""The values of a form as a browser posts them, so that what was shown, typed and stored can be compared."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

from django import forms
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.forms.models import ModelChoiceIterator
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

#: The values of one field by the endings of its names: one ending, or one for each part of a moment.
Posted: TypeAlias = Mapping[str, Sequence[str]]
#: The fields of a form by name.
Fields: TypeAlias = dict[str, Posted]

#: Fields that carry the state of the form, or ask about this one attempt, and hold nothing of the row.
NOT_COMPARED = frozenset({"version", "seen", "before", "save_anyway", "DELETE"})


def _widget(field: forms.Field) -> Any:
    widget = field.widget
    return widget.widget if isinstance(widget, RelatedFieldWidgetWrapper) else widget


def _endings(field: forms.Field) -> Sequence[str]:
    names: Sequence[str] = getattr(_widget(field), "widgets_names", ("",))
    return names


def is_compared(name: str, field: forms.Field) -> bool:
    """Return whether a field of a form holds something of its row; a file cannot be posted again."""
    return name not in NOT_COMPARED and not field.disabled and not isinstance(field, forms.FileField)


def initial_of(form: Any, name: str) -> Posted:
    """Return what a browser posts of a field that nobody touches."""
    field = form.fields[name]
    widget = _widget(field)
    value = field.prepare_value(form.get_initial_for_field(field, name))
    if isinstance(widget, forms.CheckboxInput):
        return {"": ["on"] if widget.check_test(value) else []}
    if hasattr(widget, "widgets_names"):
        parts = value if isinstance(value, list | tuple) else widget.decompress(value)
        return {
            ending: [str(part.format_value(each) or "")]
            for ending, part, each in zip(widget.widgets_names, widget.widgets, parts, strict=True)
        }
    shown = widget.format_value(value)
    return {"": [str(each) for each in shown] if isinstance(shown, list) else [str(shown or "")]}


def typed_in(data: QueryDict, key: str, field: forms.Field) -> Posted:
    """Return what was posted of a field, by the name that it has in the page."""
    return {ending: data.getlist(key + ending) for ending in _endings(field)}


def put_into(data: QueryDict, key: str, values: Posted) -> None:
    """Set a field of a posted form."""
    for ending, texts in values.items():
        data.setlist(key + ending, [str(text) for text in texts])


def is_equal(one: Posted, other: Posted) -> bool:
    return _plain(one) == _plain(other)


def _plain(values: Posted) -> dict[str, list[str]]:
    # Browsers send line ends of their own; spaces around a text are removed before it is stored.
    plain = {
        ending: sorted(text.replace("\r\n", "\n").strip() for text in texts)
        for ending, texts in values.items()
    }
    return {ending: kept for ending, texts in plain.items() if (kept := [text for text in texts if text])}


def words_of(field: forms.Field, values: Posted) -> str:
    """Return the values of a field as people read them, empty if it is."""
    texts = [text for each in values.values() for text in each if text]
    if isinstance(field, forms.BooleanField):
        return gettext("Yes") if texts else gettext("No")
    if not texts:
        return ""
    labels = labels_of(field, texts)
    if labels is not None:
        return ", ".join(labels.get(text, text) for text in texts)
    try:
        value = field.clean(_widget(field).value_from_datadict(_named(values), None, "x"))
    except ValidationError:
        return " ".join(texts)
    if isinstance(value, Mapping):
        return "\n".join(f"{name}: {each}" for name, each in value.items())
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "DATETIME_FORMAT")
    return date_format(value, "DATE_FORMAT") if isinstance(value, date) else " ".join(texts)


def _named(values: Posted) -> QueryDict:
    named = QueryDict(mutable=True)
    put_into(named, "x", values)
    return named


def labels_of(field: Any, texts: Sequence[str]) -> dict[str, str] | None:
    """Return the labels of chosen values; None for a field without choices."""
    if isinstance(field, forms.ModelChoiceField):
        keys = [text for text in texts if text.isdecimal()]
        rows = [] if field.queryset is None else field.queryset.filter(pk__in=keys)
        return {str(row.pk): field.label_from_instance(row) for row in rows}
    choices = getattr(_widget(field), "choices", None)
    if choices is None or isinstance(choices, ModelChoiceIterator):
        return None
    flat: dict[str, str] = {}
    for value, label in choices:
        # A choice, or the name of a group of choices.
        pairs = label if isinstance(label, list | tuple) else [(value, label)]
        flat |= {str(each): str(name) for each, name in pairs}
    return flat
