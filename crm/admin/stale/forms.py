"""The admin pages of versioned rows: a form that is out of date comes back with both values of each field."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django import forms
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict

from crm.admin.stale.comparing import BETWEEN, Comparison
from crm.admin.stale.gone import KeepsTyped
from crm.admin.stale.posted import put_into
from crm.admin.stale.rows import row_numbers
from crm.admin.stale.shown import Shown, read_before, read_shown, shown_by
from crm.errors import Conflict, ConflictReason, CrmError
from crm.models.lifecycle import LiveModel
from crm.services.latest_changes import latest_changes

Live = TypeVar("Live", bound=LiveModel)
MINE, THEIRS = "mine", "theirs"


class ComparesStale(KeepsTyped[Live]):
    """Mixin: refuses a form that is out of date, and shows what others changed meanwhile."""

    def get_form(
        self, request: HttpRequest, obj: Live | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Live]]:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.is_stale = "comparison" in vars(request)
        return form  # type: ignore[no-any-return]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method != "POST" or object_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        if not self._compare(request, object_id) and self.has_change_permission(request):
            gone = self.answer_gone(request, object_id)
            if gone is not None:
                return gone
            self._compare(request, object_id)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def note_refusal(
        self, request: HttpRequest, object_id: str | None, refused: ValidationError | CrmError
    ) -> None:
        # Somebody saved between the check of the form and the lock of the service.
        if (
            isinstance(refused, Conflict)
            and refused.reason == ConflictReason.VERSION
            and object_id is not None
        ):
            self._compare(request, object_id)
            if "comparison" in vars(request):
                return
        super().note_refusal(request, object_id, refused)

    def _compare(self, request: HttpRequest, object_id: str) -> bool:
        """Keep what others changed for the page; return whether there is such a record."""
        data: QueryDict = request.POST.copy()
        before, unanswered = read_shown(data.get("seen", "")), read_before(data.get("before", ""))
        if before is not None:
            unanswered = _choose(data, before, unanswered)
            request.POST = data  # type: ignore[assignment]  # it is typed as one that nobody changes
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_change_permission(request, row):
            return row is not None
        is_stale = bool(unanswered) or data.get("version") != str(row.version)
        if not is_stale and not self.inlines:
            return True
        form, formsets = self.unbound_form(request, row)
        if not is_stale and not _has_stale_rows(data, formsets):
            return True
        theirs = shown_by(form, formsets)
        comparison = Comparison(
            data,
            form,
            formsets,
            before=before,
            theirs=theirs,
            changes=latest_changes(row),
            unanswered=unanswered,
        )
        if not comparison.differences and data.get("version"):
            # What others changed is not in this form, such as a file that was added beside it.
            data["version"] = str(row.version)
            request.POST = data  # type: ignore[assignment]  # it is typed as one that nobody changes
            return True
        data["version"], data["seen"], data["before"] = str(row.version), theirs.dumped(), comparison.dumped()
        request.POST = data  # type: ignore[assignment]  # it is typed as one that nobody changes
        self._add_fields(request, row, data, theirs)
        vars(request)["comparison"] = comparison.differences
        return True

    def _add_fields(self, request: HttpRequest, row: Live, data: QueryDict, theirs: Shown) -> None:
        """Add fields that the form has only now, such as the reason of a lead that is lost meanwhile."""
        form, _ = self.unbound_form(request, row)
        for name, values in shown_by(form, ()).fields.items():
            if name not in theirs.fields:
                theirs.fields[name] = values
                put_into(data, name, values)
        data["seen"] = theirs.dumped()

    def unbound_form(self, request: HttpRequest, row: Live) -> tuple[Any, list[Any]]:
        """Return the form and the inlines of a row as a page shows them before anybody types."""
        form = self.form_class(request, row)(instance=row)
        formsets = [
            formset(instance=row, prefix=formset.get_default_prefix(), queryset=inline.get_queryset(request))
            for formset, inline in self.get_formsets_with_inlines(request, row)
        ]
        return form, formsets

    def form_class(self, request: HttpRequest, row: Live) -> Any:
        """Return the class of the form of a row."""
        names = flatten_fieldsets(self.get_fieldsets(request, row))
        return self.get_form(request, row, change=True, fields=names)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row, form = kwargs.get("obj"), context["adminform"].form
        if row is not None and "seen" in form.fields and self.has_change_permission(request, row):
            formsets = [inline.formset for inline in context["inline_admin_formsets"]]
            form.initial["seen"] = shown_by(form, formsets).dumped()
            context["comparison"] = vars(request).get("comparison")
        return super().render_change_form(request, context, *args, **kwargs)


def _choose(data: QueryDict, seen: Shown, asked: dict[str, Any]) -> dict[str, Any]:
    """Put the values of others where they were chosen; return the fields for which nothing was."""
    for key in [key for key in asked if data.get(f"keep-{key}") in (MINE, THEIRS)]:
        del asked[key]
        path = key.split(BETWEEN)
        values = seen.find(path) if len(path) in (1, 3) else None
        if data[f"keep-{key}"] == MINE or values is None:
            continue
        if len(path) == 1:
            put_into(data, key, values)
            continue
        prefix, row, name = path
        for number in row_numbers(data, prefix):
            if data.get(f"{prefix}-{number}-id") == row:
                put_into(data, f"{prefix}-{number}-{name}", values)
    return asked


def _has_stale_rows(data: QueryDict, formsets: Sequence[Any]) -> bool:
    """Return whether rows of an inline that have versions of their own are out of date."""
    return any(
        data.get(f"{formset.prefix}-{number}-id") == str(form.instance.pk)
        and data.get(f"{formset.prefix}-{number}-version") != str(form.instance.version)
        for formset in formsets
        for form in formset.initial_forms
        if "version" in form.fields
        for number in row_numbers(data, formset.prefix)
    )
