"""The warning before a record is stored that may be a duplicate."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from crm.admin.base import Fieldsets
from crm.admin.dates import shown_day
from crm.admin.record_pages import page_of
from people.services.duplicates import Reason

#: How the warning calls what two records share.
SHARED: Mapping[str, StrOrPromise] = {
    Reason.EMAIL: _("same e-mail"),
    Reason.PHONE: _("same phone"),
    Reason.NAME: _("similar name"),
    # Of leads.
    "PERSON": _("same person"),
}
MOST_SHOWN = 5
#: Records, each with what it shares: keys of ``SHARED``.
Like = Sequence[tuple[Any, Sequence[str]]]


class PossibleDuplicate(ValidationError):
    """The refusal of a row that may be known, which the user can overrule."""


class MayBeKnown(forms.Form):
    """Mixin: a form whose record can be saved in spite of the warning."""

    save_anyway = forms.BooleanField(required=False, label=_("Save anyway: this is another one"))


class WarnsOfDuplicates(admin.ModelAdmin[Any]):
    """Mixin: before a row is stored, shows possible duplicates and asks for confirmation."""

    def warn(self, form: MayBeKnown, like: Like) -> None:
        """Refuse a row with possible duplicates, unless the user chose to save it anyway.

        :raises ValidationError: naming the rows, why, and whose they are.
        """
        if like and not form.cleaned_data.get("save_anyway"):
            shown = [(self._line(form, row, reasons),) for row, reasons in like[:MOST_SHOWN]]
            rows = format_html_join(" ", "{}", shown)
            raise PossibleDuplicate(
                format_html(
                    gettext("This may be a duplicate: {} Open one of them, or save this one anyway."), rows
                )
            )

    def _line(self, form: Any, row: Any, reasons: Sequence[str]) -> SafeString:
        changed = gettext("last changed %(day)s") % {"day": shown_day(row.updated_at.date())}
        return format_html(
            '<a href="{}">{}</a> ({}; {}{}).',
            page_of(row),
            row,
            ", ".join(str(SHARED[reason]) for reason in reasons),
            ", ".join(part for part in (self.whose(row), changed) if part),
            self._comparison(form.instance, row),
        )

    def _comparison(self, record: Any, row: Any) -> SafeString | str:
        """Return a link that compares a stored record with one like it, if the two can be merged."""
        if record._state.adding or not isinstance(row, self.model) or not hasattr(self, "compare"):
            return ""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_compare"
        return format_html(
            '; <a href="{}">{}</a>', reverse(name, args=[record.pk, row.pk]), gettext("compare and merge")
        )

    def whose(self, row: Any) -> str:
        """Return to whom a possible duplicate belongs."""
        return gettext("added by %(user)s") % {"user": row.user} if row.user else ""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Fieldsets:
        fieldsets = super().get_fieldsets(request, obj)
        # In spite of the warning a button saves; if something else is refused then, it stays ticked.
        if "save_anyway" in request.POST:
            return [(None, {"fields": ("save_anyway",)}), *fieldsets]
        return fieldsets

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        refusal = vars(request).get("refusal")
        if isinstance(refusal, PossibleDuplicate):
            # Nothing has to be corrected, which is what the page says of errors.
            context |= {"possible_duplicate": refusal.message, "errors": None}
        return super().render_change_form(request, context, *args, **kwargs)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        # The history page shows later who saved a possible duplicate.
        said: Any = super().construct_change_message(request, form, formsets, add)
        if form.cleaned_data.get("save_anyway"):
            said.append({"added": {"name": "record in spite of", "object": "a possible duplicate"}})
        return said
