"""The forms of activities: a short one on the page of a record, and one with all fields."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.admin.activity_fields import OTHER
from crm.admin.autocomplete import KeySelectMultiple
from crm.admin.dates import IsoDateField
from crm.admin.forms import VersionedForm
from crm.admin.language import choices
from crm.models import Activity, ActivityKind, ActivityParticipant, EntityKind, User
from crm.models.activities import LONGEST_TEXT
from crm.models.activity_kinds import takes
from crm.models.records import Record
from crm.records.registry import record_kind
from crm.recurrence import EXAMPLE
from crm.services.activity_input import ActivityValues

#: The argument of the service for each field of the form that is called otherwise.
ARGUMENTS = {
    "assignee": "assignee_id",
    "members": "participants_id",
    "people": "people_participants_id",
}


class ShortActivityForm(forms.Form):
    """An activity that took place now, or a task for a day: kind and text."""

    kind = forms.ChoiceField(label=_("Kind"), choices=choices(ActivityKind.choices))
    text = forms.CharField(
        label=_("Text"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3, "aria-label": _("Text")}),
    )
    due_on = IsoDateField(label=_("Due"), required=False, initial=timezone.localdate)


class ActivityForm(VersionedForm[Activity]):
    """An activity with all its fields; a new one also names its record."""

    entity_type = forms.ChoiceField(choices=choices(EntityKind.choices), label=_("Record"))
    entity_id = forms.IntegerField(min_value=1, label=_("Id of the record"))
    # Not fields of the model: those who take part are rows of their own, and a service stores them.
    members: forms.ModelMultipleChoiceField[User] = forms.ModelMultipleChoiceField(
        queryset=None,
        required=False,
        label=_("Colleagues who take part"),
        widget=KeySelectMultiple(ActivityParticipant._meta.get_field("user"), admin.site),
    )
    people: forms.ModelMultipleChoiceField[Any] = forms.ModelMultipleChoiceField(
        queryset=None, required=False, label=_("People who take part")
    )

    own_rule = forms.CharField(
        required=False,
        max_length=255,
        label=_("Another rule"),
        help_text=_("As calendars write it (RFC 5545), such as FREQ=WEEKLY;BYDAY=MO,TH"),
    )

    #: Set by the admin for each request: the record that the address names, and whether it names a kind.
    about: ClassVar[Record | None] = None
    kind_is_known: ClassVar[bool] = False
    #: The people of that record, such as the one of a lead: a call or meeting is with them.
    about_people: ClassVar[Sequence[Record]] = ()

    fields_of_arguments: ClassVar[Mapping[str, str]] = {
        argument: name for name, argument in ARGUMENTS.items()
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.about is not None:
            # Chosen on the page before: its number tells a person nothing.
            for name in ("entity_type", "entity_id"):
                self.fields[name].widget = forms.HiddenInput()
        if self.instance._state.adding:
            self._begin()
        else:
            # An activity stays with its record.
            del self.fields["entity_type"], self.fields["entity_id"]
            self._show_participants()
        self._offer("members", User)
        if "people" in self.fields:
            # By the model of an app above this one.
            link: Any = Activity._meta.get_field("people_participants")
            self.fields["people"].widget = KeySelectMultiple(
                link.through._meta.get_field("person"), admin.site
            )
            self._offer("people", record_kind(EntityKind.PEOPLE).model)

    def _begin(self) -> None:
        """Have a new activity be the member's own, and typing begin at what is not chosen yet."""
        if self.actor is not None and "assignee" in self.fields:
            # Who may add activities may be assigned to them.
            self.fields["assignee"].initial = self.actor.user_id
        if self.about_people and "people" in self.fields:
            self.fields["people"].initial = [person.pk for person in self.about_people]
        kind = self.initial.get("kind") if self.kind_is_known else None
        first = "kind" if kind is None else "text" if kind == ActivityKind.NOTE else "subject"
        if first in self.fields:
            self.fields[first].widget.attrs["autofocus"] = True

    def clean(self) -> Any:
        cleaned: Any = super().clean()
        if cleaned.get("recurrence") == OTHER:
            cleaned["recurrence"] = cleaned.get("own_rule") or None
            if cleaned["recurrence"] is None and "own_rule" not in self.errors:
                self.add_error("own_rule", EXAMPLE)
        kind = cleaned.get("kind")
        if kind is not None and not takes(kind, "assignee") and "assignee" not in self.changed_data:
            # Nobody chose the member, whom the form begins with.
            cleaned["assignee"] = None
        if kind is not None and not takes(kind, "people_participants") and "people" not in self.changed_data:
            cleaned["people"] = []
        return cleaned

    def _offer(self, name: str, model: Any) -> None:
        if name in self.fields and self.actor is not None:
            field: Any = self.fields[name]
            field.queryset = model.objects.visible_to(self.actor)

    def _show_participants(self) -> None:
        activity: Any = self.instance
        for name, rows in (("members", activity.participants), ("people", activity.people_participants)):
            if name in self.fields and self.actor is not None:
                self.initial[name] = list(rows.visible_to(self.actor).values_list("pk", flat=True))

    def values(self, names: Sequence[str]) -> ActivityValues:
        """Return the values of the named fields as the services take them."""
        values: dict[str, Any] = {}
        for name in names:
            value = self.cleaned_data[name]
            if name in ("members", "people"):
                value = [row.pk for row in value]
            elif name == "assignee":
                value = value and value.pk
            values[ARGUMENTS.get(name, name)] = value
        return values  # type: ignore[return-value]  # the names are those of the form
