"""The inputs of defined custom fields in the forms of records."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.admin.base import Fieldsets, visible_rows
from crm.admin.dates import DateInput
from crm.admin.forms import Cleaned, CustomFieldsField, VersionedForm
from crm.admin.lifecycle import LiveAdmin
from crm.languages.messages import translated
from crm.models import CustomFieldDefinition
from crm.models.custom_fields import CustomFieldKind, is_same
from crm.models.records import Record

Kept = TypeVar("Kept", bound=Record)
LENGTH_OF_THOUSANDS = 3


class KeptValues(forms.HiddenInput):
    """Values that no definition knows, as names and texts; the form posts them back as they are stored."""

    is_hidden = False

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        try:
            read = CustomFieldsField().to_python(value)
        except forms.ValidationError:
            read = {}
        kept = super().render(name, value, attrs, renderer)
        return format_html('{}<div class="readonly">{}</div>', kept, lines_of(read))


def input_of(definition: CustomFieldDefinition) -> forms.CharField:
    """Return the input that forms of records have for a defined field."""
    return forms.CharField(label=str(definition), required=False, widget=_widget(definition))


def _widget(definition: CustomFieldDefinition) -> forms.Widget:
    words = {
        "BOOLEAN": [("true", gettext("Yes")), ("false", gettext("No"))],
        "CHOICE": [(choice, choice) for choice in definition.choices],
    }
    if definition.kind in words:
        return forms.Select(choices=[("", "---------"), *words[definition.kind]])
    widgets: dict[str, forms.Widget] = {
        # A text input: browsers drop the comma of a number input without a word.
        "NUMBER": AdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        "DATE": DateInput(),
        "URL": forms.URLInput(attrs={"size": 60}),
    }
    return widgets.get(definition.kind, AdminTextInputWidget())


def _with_point(text: str) -> str:
    """Return a number with a point before its decimals, which many people write with a comma.

    Three digits behind a comma may be decimals or thousands: such a text stays, and is refused.
    """
    whole, comma, decimals = text.strip().partition(",")
    is_clear = comma and decimals.isdecimal() and len(decimals) != LENGTH_OF_THOUSANDS and "." not in whole
    return f"{whole}.{decimals}" if is_clear else text


def _name(definition: CustomFieldDefinition) -> str:
    # By key: the name of a definition may be any text, or that of another input.
    return f"custom_{definition.pk}"


class DefinedFieldsForm(VersionedForm[Kept]):
    """A form with an input for each defined field of its record; the others are shown, and kept."""

    definitions: ClassVar[Sequence[CustomFieldDefinition]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        free = dict(self.instance.custom_fields)
        for definition in self.definitions:
            value = free.get(definition.name)
            # What does not fit, from before the definition, is shown as what nobody defined.
            if value is not None and self._fits(definition, value):
                # The choices of a yes/no field are "true" and "false".
                shown = str(value).lower() if isinstance(value, bool) else str(value)
                self.initial[_name(definition)] = shown
                del free[definition.name]
            # A record from before the definition may stay without a value.
            self.fields[_name(definition)].required = definition.required and (
                self.instance._state.adding or value is not None
            )
        self.initial["custom_fields"] = free
        # Inputs for what is defined; what a record has besides is shown, and stays.
        if "custom_fields" in self.fields:
            self.fields["custom_fields"].widget = KeptValues() if free else forms.HiddenInput()

    def name_in_history(self, name: str) -> str:
        """Return how the history names a field of the form."""
        known = {_name(each): f"custom_fields.{each.name}" for each in self.definitions}
        return known.get(name) or super().name_in_history(name)

    @staticmethod
    def _fits(definition: CustomFieldDefinition, value: object) -> bool:
        try:
            return is_same(definition.read(value), value)
        except ValueError:
            return False

    def clean(self) -> Cleaned | None:
        """Add the values of the defined fields to the others, each converted to its kind."""
        cleaned: Cleaned = super().clean() or self.cleaned_data
        # What was posted of the others was invalid, which its own error says.
        if "custom_fields" not in cleaned:
            return cleaned
        fields = dict(cleaned["custom_fields"])
        for definition in self.definitions:
            text = cleaned.get(_name(definition))
            stored = self.instance.custom_fields.get(definition.name)
            if _name(definition) in self.initial and _name(definition) not in self.changed_data:
                # As it is stored, also where that spells the value in another way.
                fields[definition.name] = stored
            elif text:
                if definition.kind == CustomFieldKind.NUMBER:
                    text = _with_point(text)
                try:
                    fields[definition.name] = definition.read(text)
                except ValueError as refused:
                    self.add_error(_name(definition), translated(refused))
        cleaned["custom_fields"] = fields
        return cleaned


class DefinedFieldsAdmin(LiveAdmin[Any]):
    """The pages of records with custom fields, with one input for each defined field."""

    def _definitions(self, request: HttpRequest) -> list[CustomFieldDefinition]:
        # Read once: the form and its fieldsets both need them.
        attributes = vars(request)
        if "definitions" not in attributes:
            rows = visible_rows(CustomFieldDefinition, request).filter(model=self.model.entity_kind)
            attributes["definitions"] = list(rows.order_by("weight", "name", "pk"))
        definitions: list[CustomFieldDefinition] = attributes["definitions"]
        return definitions

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Any]]:
        if self.has_change_permission(request, obj):
            definitions = self._definitions(request)
            inputs = {_name(each): input_of(each) for each in definitions}
            form = kwargs.get("form") or self.form
            bases = (DefinedFieldsForm, form)
            # A class for each request: the definitions of companies differ, and change while the server runs.
            kwargs["form"] = type(form.__name__, bases, {**inputs, "definitions": definitions})
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Fieldsets:
        fieldsets = list(super().get_fieldsets(request, obj))
        if not self.has_change_permission(request, obj) or not self._definitions(request):
            return fieldsets
        place = next(
            index for index, (_title, options) in enumerate(fieldsets) if "custom_fields" in options["fields"]
        )
        names = tuple(_name(definition) for definition in self._definitions(request))
        return [*fieldsets[:place], (gettext("Custom fields"), {"fields": names}), *fieldsets[place:]]

    def _shown(self, fields: Any) -> Any:
        return "shown_custom_fields" if fields == "custom_fields" else super()._shown(fields)

    @admin.display(description=_("Custom fields"))
    def shown_custom_fields(self, record: Any) -> str | None:
        """Return the values in lines, for those who may only look: not the object that is stored."""
        return lines_of(record.custom_fields) or None


def lines_of(values: Mapping[str, Any]) -> SafeString:
    """Return custom fields as lines of names and texts."""
    return format_html_join(
        mark_safe("<br>"), "{}: {}", ((name, _words(each)) for name, each in values.items())
    )


def _words(value: object) -> str:
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_words(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return "" if value is None else str(value)
