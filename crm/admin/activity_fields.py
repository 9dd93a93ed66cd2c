"""Inputs of the forms of activities: days with or without a time, and rules by which a task repeats."""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from crm.admin.dates import IsoSplitDateTimeField, SplitDateTimeInput

#: When a call or meeting begins that has a day alone.
MORNING = time(9)
#: Stands for a rule that is typed.
OTHER = "OTHER"
RULES = (
    ("", _("Does not repeat")),
    ("FREQ=DAILY", _("Every day")),
    ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", _("Every working day")),
    ("FREQ=WEEKLY", _("Every week")),
    ("FREQ=WEEKLY;INTERVAL=2", _("Every two weeks")),
    ("FREQ=MONTHLY", _("Every month")),
    ("FREQ=MONTHLY;INTERVAL=3", _("Every three months")),
    ("FREQ=YEARLY", _("Every year")),
    (OTHER, _("By another rule")),
)
NEEDS_TIME = gettext_noop("For today, enter a time too.")


class DayInput(SplitDateTimeInput):
    """A day and a time; of the midnight that stands for a day alone no time is shown."""

    def decompress(self, value: Any) -> Any:
        day, at = super().decompress(value)
        return [day, None if at == time.min else at]


class DayField(IsoSplitDateTimeField):
    """A moment of which the day is enough: its midnight stands for a day without a time."""

    widget: Any = DayInput

    def compress(self, data_list: Any) -> Any:
        if data_list and data_list[0] and data_list[1] in self.empty_values:
            data_list = [data_list[0], self.time_of(data_list[0])]
        return super().compress(data_list)

    def time_of(self, day: date) -> time:
        """Return the time of a day that was entered without one."""
        return time.min


class AppointmentField(DayField):
    """When a call or meeting begins: a day alone means the morning."""

    widget = SplitDateTimeInput

    def time_of(self, day: date) -> time:
        # The morning of today may be over: then the call would count as one that took place.
        if day == timezone.localdate():
            raise forms.ValidationError(gettext(NEEDS_TIME), code="needs_time")
        return MORNING


class RuleSelect(forms.Select):
    """The usual rules; another one that is stored is a choice of its own."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, choices=RULES)

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> Any:
        known = {rule for rule, _label in RULES}
        self.choices = [*RULES, *((rule, rule) for rule in value if rule and rule not in known)]
        return super().optgroups(name, value, attrs)


#: How the form reads columns of activities.
INPUTS: Mapping[str, Mapping[str, Any]] = {
    "due_at": {
        "form_class": DayField,
        "widget": DayInput,
        "help_text": _("A day is enough; add a time if it matters."),
    },
    "remind_at": {"form_class": DayField, "widget": DayInput},
    "starts_at": {
        "form_class": AppointmentField,
        "widget": SplitDateTimeInput,
        "help_text": _("Empty: now. What is over is logged as done. A day alone means nine o'clock."),
    },
    "recurrence": {"widget": RuleSelect},
}
