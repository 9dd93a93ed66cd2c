"""The template of a receiver as rows of a form: a path of the payload, and the field that it becomes."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.admin.forms import OptionalObjectField
from crm.languages.messages import translated
from leads.routing.template import LONGEST_PATH, MOST_ENTRIES

#: The fields of a lead that a path may become, in the order of the choice.
FIELDS = {
    "firstname": gettext_lazy("First name"),
    "lastname": gettext_lazy("Last name"),
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Phone"),
    "organization": gettext_lazy("Organization"),
    "title": gettext_lazy("Title of the lead"),
    "description": gettext_lazy("Description of the lead"),
    "amount": gettext_lazy("Amount"),
    "currency": gettext_lazy("Currency"),
    "expected_close_on": gettext_lazy("Expected to close on"),
    "probability": gettext_lazy("Chance in percent"),
}
#: In place of the name of a field: the custom field that the row names.
CUSTOM = "custom"
#: The names that templates have for one field.
ALIASES = {"company": "organization"}
#: Rows for new entries below the others.
EMPTY_ROWS = 3

Rows = BaseFormSet["EntryForm"]
Entry = Mapping[str, Any]


class EntryForm(forms.Form):
    """One path of a payload with the field that gets its value."""

    path = forms.CharField(required=False, max_length=LONGEST_PATH)
    becomes = forms.ChoiceField(
        choices=[*FIELDS.items(), (CUSTOM, gettext_lazy("Custom field"))], initial=CUSTOM
    )
    name = forms.CharField(required=False, max_length=100)
    pattern = forms.CharField(required=False, max_length=200)
    default = forms.CharField(required=False, max_length=1000)

    @property
    def given_path(self) -> str:
        path: str = getattr(self, "cleaned_data", {}).get("path", "")
        return path

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("path") and cleaned.get("becomes") == CUSTOM and not cleaned.get("name"):
            self.add_error("name", _("Enter the name of the custom field."))
        if not cleaned.get("path") and any(cleaned.get(name) for name in ("name", "pattern", "default")):
            self.add_error("path", _("Enter the place in the payload, or empty the whole row."))
        return cleaned

    def entry(self) -> Entry:
        """Return the entry of a template that the row means."""
        given = self.cleaned_data
        is_custom = given["becomes"] == CUSTOM
        entry = {
            "name": given["name"] if is_custom else given["becomes"],
            "type": "customField" if is_custom else "regex" if given["pattern"] else "string",
        }
        for name in ("pattern", "default"):
            if given[name]:
                entry[name] = given[name]
        return entry


class EntryRows(BaseFormSet[EntryForm]):
    def clean(self) -> None:
        seen = set()
        for form in self.forms:
            path = form.given_path
            if path and path in seen:
                form.add_error("path", _("This place stands twice: a value becomes one field."))
            seen.add(path)


class FunctionsField(OptionalObjectField):
    default_error_messages = {"invalid": gettext_lazy("Enter a JSON object that maps paths to functions.")}


def rows_of(template: Mapping[str, Any] | None, sent: Any = None) -> Rows:
    """Return a row for each path of a template, and some for new ones."""
    known = formset_factory(
        EntryForm, formset=EntryRows, extra=EMPTY_ROWS, max_num=MOST_ENTRIES, absolute_max=MOST_ENTRIES + 50
    )
    initial = [_row(path, entry) for path, entry in (template or {}).items() if _is_row(entry)]
    # By field, since PostgreSQL keeps no order. Places of one field stay in theirs: the first value counts.
    order = [*FIELDS, CUSTOM]
    initial.sort(key=lambda row: order.index(row["becomes"]))
    rows: Rows = known(sent, initial=initial, prefix="rows")
    return rows


def functions_of(template: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the entries of a template that are no rows."""
    return {path: entry for path, entry in (template or {}).items() if not _is_row(entry)}


def template_of(rows: Rows, functions: Mapping[str, Any] | None, stored: Mapping[str, Any] | None) -> Any:
    """Return the template that a valid form means; None if it maps nothing."""
    template: dict[str, Any] = {}
    for form in rows.forms:
        path = form.given_path
        if not path:
            continue
        before = (stored or {}).get(path)
        given = {name: form.cleaned_data[name] for name in form.fields}
        # As it is stored where nothing changed: an entry may be written in several ways.
        template[path] = (
            before if before and _is_row(before) and _row(path, before) == given else form.entry()
        )
    for path in functions or {}:
        if path in template:
            raise ValidationError(_("“%(path)s” stands above and among the functions.") % {"path": path})
    return {**template, **(functions or {})} or None


def show_errors(rows: Rows, errors: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Put messages that are about a row to it; return the others."""
    others: dict[str, list[str]] = {}
    for place, said in errors.items():
        told = [translated(each) for each in said]
        path = place.removeprefix("template.")
        form = _row_about(rows, path)
        if form is None:
            others[place] = told
            continue
        part = path.removeprefix(form.given_path).removeprefix(".")
        for each in told:
            form.add_error(part if part in form.fields else "path", each)
    return others


def _row_about(rows: Rows, path: str) -> EntryForm | None:
    about = [form for form in rows.forms if f"{path}.".startswith(f"{form.given_path}.") and form.given_path]
    return max(about, key=lambda form: len(form.given_path), default=None)


def _is_row(entry: Any) -> bool:
    return isinstance(entry, Mapping) and entry.get("type") != "function"


def _row(path: str, entry: Entry) -> dict[str, str]:
    name = str(entry.get("name") or "")
    field = ALIASES.get(name, name)
    is_field = field in FIELDS and entry.get("type") != "customField"
    return {
        "path": path,
        "becomes": field if is_field else CUSTOM,
        "name": "" if is_field else name,
        "pattern": str(entry.get("pattern") or ""),
        "default": "" if entry.get("default") is None else str(entry["default"]),
    }
