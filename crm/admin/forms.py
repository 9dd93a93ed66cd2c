"""Forms whose contents are stored by a service."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.forms.fields import InvalidJSONInput
from django.utils.translation import gettext_lazy as _

from crm.actors import Actor
from crm.errors import CrmError, NotFound
from crm.json_texts import TooDeep, check_depth_of_text, read_json
from crm.languages.messages import translated
from crm.models.custom_fields import is_storable
from crm.models.lifecycle import LiveModel

Row = TypeVar("Row", bound=models.Model)
Live = TypeVar("Live", bound=LiveModel)

STALE = _("Somebody else changed this meanwhile. Nothing was saved yet: choose what to keep, and save again.")
Cleaned = dict[str, Any]

GONE = _("This choice no longer exists.")
LONGEST_JSON = 100_000  # Parsing takes time and memory that grow with the text.


def message_of(refused: ValidationError | CrmError) -> str:
    """Return the messages of a refusal as one text in the language of the page."""
    said = refused.messages if isinstance(refused, ValidationError) else [refused.message]
    return " ".join(map(translated, said))


def in_own_language(error: Any) -> Any:
    """Return an error, or what somebody says of one, with its messages in the language of the page."""
    if not isinstance(error, ValidationError):
        return translated(error) if isinstance(error, str) else error
    if hasattr(error, "error_dict"):
        return ValidationError(
            {name: [*map(in_own_language, each)] for name, each in error.error_dict.items()}
        )
    if len(error.error_list) != 1:
        return ValidationError([*map(in_own_language, error.error_list)])
    (only,) = error.error_list
    # Django's own texts are lazy, and translated already.
    if not isinstance(only.message, str):
        return only
    return ValidationError(translated(only.message), code=only.code, params=only.params)


class CustomFieldsField(forms.JSONField):
    """Custom fields as a JSON object in a text area."""

    default_error_messages = {"invalid": _('Enter a JSON object, for example {"segment": "A"}.')}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{**kwargs, "required": False, "widget": AdminTextareaWidget(attrs={"rows": 5, "cols": 60})}
        )

    def to_python(self, value: Any) -> Any:
        """Parse the object; an empty text is an empty object."""
        if value in self.empty_values:
            return {}
        if not isinstance(value, str):
            return super().to_python(value)
        try:
            if len(value) > LONGEST_JSON or not value.lstrip().startswith("{"):
                raise ValueError(value[:1])
            check_depth_of_text(value)
            read = read_json(value)
        except TooDeep as refused:
            raise ValidationError(translated(refused), code="invalid") from refused
        except ValueError as unreadable:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from unreadable
        if not isinstance(read, dict) or not is_storable(read):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return read

    def bound_data(self, data: object, initial: object) -> object:
        # An invalid text is shown again as it was typed.
        return initial if self.disabled else InvalidJSONInput(data or "")

    def prepare_value(self, value: object) -> Any:
        if isinstance(value, dict):
            return json.dumps(value, indent=2, ensure_ascii=False) if value else ""
        return super().prepare_value(value)


class OptionalObjectField(CustomFieldsField):
    """A JSON object in a text area; an empty text means none, not an empty object."""

    def to_python(self, value: object) -> Any:
        return None if value in self.empty_values else super().to_python(value)

    def prepare_value(self, value: object) -> Any:
        return "" if value is None else super().prepare_value(value)


class ServiceForm(forms.ModelForm[Row]):
    """A form that checks what a user can correct, and shows what the service refused besides."""

    #: Set by the admin for each request.
    actor: Actor | None = None
    refusal: ValidationError | CrmError | None = None
    #: The field of the form for an argument of the service that is called otherwise.
    fields_of_arguments: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self._belong_to_actor()
        self._hidden = [name for name in self.fields if self._holds_hidden_row(name)]
        # The widget cannot show a row that is no choice: the field starts empty, and ``clean`` keeps the row.
        for name in self._hidden:
            self.initial[name] = None

    def _belong_to_actor(self) -> None:
        # The rules of a row compare its relations with its company, already in the form.
        columns = {field.attname for field in self._meta.model._meta.concrete_fields}
        for name in ("company", "user"):
            if self.actor is not None and f"{name}_id" in columns and name not in self.fields:
                setattr(self.instance, f"{name}_id", getattr(self.actor, f"{name}_id"))

    def _holds_hidden_row(self, name: str) -> bool:
        field = self.fields[name]
        key = self.initial.get(name)
        return (
            isinstance(field, forms.ModelChoiceField)
            and not isinstance(field, forms.ModelMultipleChoiceField)
            and key is not None
            and not self.instance._state.adding
            and field.queryset is not None
            and not field.queryset.filter(pk=key).exists()
        )

    def clean(self) -> Cleaned | None:
        """Normalize texts as the services do, keep links to deleted rows, and show a refusal."""
        cleaned: Cleaned = super().clean() or self.cleaned_data
        for name, value in cleaned.items():
            if isinstance(value, str):
                cleaned[name] = self._text(name, value)
            elif value is None and name in self._hidden:
                # A deleted person is not shown, but the lead is the person's again after a restore.
                cleaned[name] = getattr(self.instance, name)
        # The second attempt after a refusal: the form is valid by itself.
        if self.refusal is not None:
            self._show(self.refusal)
        return cleaned

    def _text(self, name: str, value: str) -> str | None:
        # Browsers send line ends of their own, which would look like a change.
        value = value.replace("\r\n", "\n")
        columns = {field.name: field for field in self._meta.model._meta.concrete_fields}
        return None if not value and name in columns and columns[name].null else value

    def _show(self, refused: ValidationError | CrmError) -> None:
        if isinstance(refused, ValidationError):
            self.add_error(None, refused)
        elif isinstance(refused, NotFound):
            self.add_error(None, ValidationError({refused.details["argument"]: [GONE]}))
        else:
            self.add_error(None, message_of(refused))

    def add_error(self, field: str | None, error: Any) -> None:
        """Add an error to its field, or to the form as a whole if it has no such field.

        What models and services say is shown in the language of the page.
        """
        error = in_own_language(error)
        if field is None and isinstance(error, ValidationError) and hasattr(error, "error_dict"):
            beside: dict[str, list[ValidationError]] = {}
            for argument, errors in error.error_dict.items():
                beside.setdefault(self._field_of(argument), []).extend(errors)
            error = ValidationError(beside)
        super().add_error(field, error)

    def _field_of(self, argument: str) -> str:
        name = argument.partition(".")[0]
        name = self.fields_of_arguments.get(name, name)
        return name if name in self.fields else NON_FIELD_ERRORS


class CarriedField(forms.CharField):
    """A hidden text that the page posts back, and that is no change of the row."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        # Nobody sees the field, so that it has no label to translate.
        super().__init__(required=False, strip=False, label="")

    def has_changed(self, initial: object, data: object) -> bool:
        return False


#: The hidden fields of a form with a version.
CARRIED = ("version", "seen", "before")


class VersionedForm(ServiceForm[Live]):
    """A form with the version of the row that it shows."""

    version = forms.IntegerField(label=_("Version"), required=False, widget=forms.HiddenInput)
    #: What the page showed, and what the fields that are to be chosen held before; see crm.admin.stale.
    seen, before = CarriedField(), CarriedField()

    #: Set by the admin for each request: whether others changed the row since the page was opened.
    is_stale: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["version"] = self.instance.version

    @property
    def expected_version(self) -> int | None:
        """The version that the user saw; None for a new row."""
        return self.cleaned_data.get("version")

    def clean(self) -> Cleaned | None:
        # Without this check a form that was opened earlier would overwrite newer values.
        cleaned = super().clean()
        is_older = not self.instance._state.adding and self.expected_version != self.instance.version
        if self.is_stale or is_older:
            self.add_error(None, STALE)
        return cleaned

    def name_in_history(self, name: str) -> str:
        """Return how the history names a field of the form."""
        return name


class NamedForm(ServiceForm[Row]):
    """A form of a row with a unique name."""

    fields_of_arguments = {NON_FIELD_ERRORS: "name"}
