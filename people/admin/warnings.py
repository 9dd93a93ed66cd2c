"""The warning before a record is added that may be a duplicate."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from crm.admin.base import Fieldsets
from people.models import Organization, Person
from people.services.duplicates import Reason

#: How the warning calls what two records share.
SHARED = {Reason.EMAIL: "same e-mail", Reason.PHONE: "same phone", Reason.NAME: "similar name"}
MOST_SHOWN = 5
Like = Sequence[tuple[Person | Organization, Sequence[Reason]]]


class MayBeKnown(forms.Form):
    """Mixin: a form whose new record can be saved in spite of the warning."""

    save_anyway = forms.BooleanField(required=False, label="Save anyway, as a new record")


class WarnsOfDuplicates(admin.ModelAdmin[Any]):
    """Mixin: before a row is added, shows possible duplicates and asks for confirmation."""

    def warn(self, form: MayBeKnown, like: Like) -> None:
        """Refuse a new row with possible duplicates, unless the user chose to save it anyway.

        :raises ValidationError: naming the rows, why, and whose they are.
        """
        if like and not form.cleaned_data.get("save_anyway"):
            shown = [(self._line(row, reasons),) for row, reasons in like[:MOST_SHOWN]]
            rows = format_html_join(" ", "{}", shown)
            raise ValidationError(
                format_html("This may be a duplicate: {} Open one of them, or save anyway below.", rows)
            )

    def _line(self, row: Person | Organization, reasons: Sequence[Reason]) -> SafeString:
        address = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
        return format_html(
            '<a href="{}">{}</a> ({}; {}last changed {}).',
            address,
            row,
            ", ".join(SHARED[reason] for reason in reasons),
            f"added by {row.user}, " if row.user else "",
            f"{row.updated_at:%Y-%m-%d}",
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Fieldsets:
        # The confirmation is offered only after a warning.
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None and hasattr(request, "refusal"):
            return [*fieldsets, (None, {"fields": ("save_anyway",)})]
        return fieldsets

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        # The history page shows later who saved a possible duplicate.
        said: Any = super().construct_change_message(request, form, formsets, add)
        if add and form.cleaned_data.get("save_anyway"):
            said.append({"added": {"name": "record in spite of", "object": "a possible duplicate"}})
        return said
