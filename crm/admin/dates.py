"""Date inputs of the admin: the browser's own, which show days as people write them and send ISO 8601."""

from collections.abc import Mapping
from datetime import date, tzinfo
from typing import Any

from django import forms
from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.dates import check_year, parse_date, start_of
from crm.languages.messages import translated
from crm.models import Activity

ISO = "%Y-%m-%d"
NEAR = {-1: _("Yesterday"), 0: _("Today"), 1: _("Tomorrow")}


def shown_day(day: date) -> str:
    """Return a day as all pages write it."""
    return date_format(day, "DATE_FORMAT")


def day_in_words(day: date, today: date) -> str:
    """Return a day as a person says it: in words near today, else as all pages write it."""
    distance = (day - today).days
    if distance in NEAR:
        return str(NEAR[distance])
    if 1 < distance < 7:
        return date_format(day, "l")
    return shown_day(day)


def is_day_alone(activity: Activity, zone: tzinfo) -> bool:
    """Return whether it is a task for a day without a time, which is stored as the midnight before."""
    due = activity.due_at
    return due is not None and due == start_of(due.astimezone(zone).date(), zone)


def planned_in_words(activity: Activity, today: date, zone: tzinfo) -> str:
    """Return when an activity is planned for, such as "Tomorrow, 10:00"; empty without a day."""
    moment = activity.planned_for
    if moment is None:
        return ""
    local = moment.astimezone(zone)
    day = day_in_words(local.date(), today)
    return day if is_day_alone(activity, zone) else f"{day}, {local:%H:%M}"


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        # The format of the value, which browsers demand whatever language they show.
        super().__init__(attrs, format=ISO)


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        # Browsers then offer seconds as well, which a stored time may have.
        super().__init__({"step": 1, **(attrs or {})}, format="%H:%M:%S")


class IsoDateField(forms.DateField):
    """A day in ISO 8601: Django would also read others, such as 12/31/50, by guessing the century."""

    widget = DateInput

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "input_formats": [ISO]})

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values or isinstance(value, date):
            return super().to_python(value)
        try:
            day = parse_date(value)
        except ValueError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None
        try:
            check_year(day)
        except ValueError as short:
            raise forms.ValidationError(translated(short), code="invalid") from short
        return day


class SplitDateTimeInput(forms.SplitDateTimeWidget):
    template_name = "admin/widgets/split_datetime.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        # The label of the field is the legend of both; the words before them are none of theirs.
        day, time = DateInput({"aria-label": _("Date")}), TimeInput({"aria-label": _("Time")})
        forms.MultiWidget.__init__(self, [day, time], attrs)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        labels = {"date_label": gettext("Date:"), "time_label": gettext("Time:")}
        return {**super().get_context(name, value, attrs), **labels}


class IsoSplitDateTimeField(forms.SplitDateTimeField):
    widget = SplitDateTimeInput

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "input_time_formats": ["%H:%M", "%H:%M:%S"]})
        day = IsoDateField(required=False, disabled=self.disabled)
        self.fields = (day, self.fields[1])


#: How the admin's forms read the columns of models.
OVERRIDES: Mapping[type[models.Field[Any, Any]], Mapping[str, Any]] = {
    models.DateField: {"form_class": IsoDateField, "widget": DateInput},
    models.DateTimeField: {"form_class": IsoSplitDateTimeField, "widget": SplitDateTimeInput},
}
