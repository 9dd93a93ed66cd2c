"""Change many rows of a list page at once: a form, the rows in batches, and what became of them.

Rows are chosen by their boxes or by the filter of the list. Each goes through the service of one row, has its
entry in the history, and is refused alone. A request changes ``BATCH`` rows; the page after it goes on by
itself in a browser with scripts, and by a button in others.
"""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import model_ngettext
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Actor
from crm.admin.base import acting
from crm.admin.undoing import UndoesMany
from crm.exporting.safety import spreadsheet_safe
from crm.languages.messages import translated
from crm.services.bulk import BulkResult, Refusal
from crm.services.bulk_undo import changing, new_change

#: Rows that one request changes: a second or two of work.
BATCH = 200
#: Rows that are named before anything is changed.
NAMED = 10
#: Refusals that are carried from request to request and listed; all of them are counted.
LISTED = 200
SALT = "crm.admin.many"


class ManyForm(forms.Form):
    """The form of a change; a field that is left empty changes nothing."""

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not any(self._is_given(value) for value in cleaned.values()):
            raise ValidationError(gettext("Fill in what shall change: all fields are empty."))
        return cleaned

    @staticmethod
    def _is_given(value: Any) -> bool:
        return value.exists() if isinstance(value, models.QuerySet) else value not in (None, "", ())


@dataclass
class Progress:
    """The progress of a change: the key of the last row that was tried, and the result of all before."""

    of: int
    after: int = 0
    result: BulkResult = field(default_factory=BulkResult)
    #: The id of the change in the history.
    change: str = field(default_factory=new_change)

    @classmethod
    def read(cls, text: str, *, of: int) -> "Progress":
        """Return the progress that a page carried, or that of a change which begins."""
        if not text:
            return cls(of)
        try:
            carried = signing.loads(text, salt=SALT)
        except signing.BadSignature:
            return cls(of)
        refused = [Refusal(**each) for each in carried["result"].pop("refused")]
        return cls(
            carried["of"],
            carried["after"],
            BulkResult(**carried["result"], refused=refused),
            carried["change"],
        )

    def text(self) -> str:
        """Return the progress for a field of a page, signed."""
        return signing.dumps(asdict(self), salt=SALT, compress=True)

    @property
    def tried(self) -> int:
        return self.result.done + self.result.unchanged + self.result.refused_count

    def add(self, result: BulkResult, *, last: int) -> None:
        """Count the outcome of a batch whose last row has this key."""
        self.after = last
        self.result.done += result.done
        self.result.unchanged += result.unchanged
        self.result.refused_count += result.refused_count
        self.result.followed += result.followed
        self.result.refused = [*self.result.refused, *result.refused][:LISTED]


class ChangesMany(UndoesMany):
    """Mixin: the action "Change" of a list page."""

    many_form: ClassVar[type[ManyForm]]

    def change_many(self, keys: Sequence[object], form: Any, *, actor: Actor) -> BulkResult:
        """Make the change of a valid form to some rows, each by the service of one."""
        raise NotImplementedError

    def get_actions(self, request: HttpRequest) -> Any:
        offered = super().get_actions(request)
        if self._lists_deleted(request):
            offered.pop("change_selected", None)
        return offered

    @admin.action(permissions=["change"], description=_("Change selected %(verbose_name_plural)s"))
    def change_selected(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> HttpResponse | None:
        """Ask what to change, change a batch, or show what became of all, by what the page has posted."""
        if "refused" in request.POST:
            return self._refused(request)
        is_asked = "apply" in request.POST
        actor = acting(request)
        form = self.many_form(request.POST if is_asked else None, actor=actor)
        progress = Progress.read(request.POST.get("progress", ""), of=queryset.count())
        if not is_asked or not form.is_valid() or not self._is_as_shown(request, form, progress):
            return self._ask(request, queryset, form, of=progress.of)
        rows = queryset.order_by("pk").filter(pk__gt=progress.after)
        keys = list(rows.values_list("pk", flat=True)[:BATCH])
        if keys:
            changed = self.change_many(keys, form, actor=changing(actor, progress.change))
            progress.add(changed, last=keys[-1])
        if len(keys) == BATCH:
            return self._page(request, "changing", progress=progress, form=form)
        return self._finish(request, progress, self.sentence_of(form, progress.result))

    def _is_as_shown(self, request: HttpRequest, form: ManyForm, progress: Progress) -> bool:
        # The filter may match other rows than those that were shown: nobody shall change them unseen.
        shown = request.POST.get("expected_count", "")
        if progress.after or shown == str(progress.of):
            return True
        form.add_error(
            None,
            gettext("%(of)s match now, not %(shown)s: look again before you apply.")
            % {"of": progress.of, "shown": shown},
        )
        return False

    def _ask(
        self, request: HttpRequest, rows: models.QuerySet[Any], form: ManyForm, *, of: int
    ) -> HttpResponse:
        return self._page(
            request, "change_many", rows=rows[:NAMED], further=max(0, of - NAMED), of=of, form=form
        )

    def sentence_of(self, form: Any, result: BulkResult) -> str:
        """Return a sentence about what the change of a form has done."""
        rows = f"{result.done} {model_ngettext(self.opts, result.done)}"
        return gettext("Changed %(rows)s.") % {"rows": rows}

    def _finish(self, request: HttpRequest, progress: Progress, done: str) -> HttpResponse | None:
        result = progress.result
        if result.unchanged:
            had = ngettext("%(count)s had it already.", "%(count)s had it already.", result.unchanged)
            done = f"{done} {had % {'count': result.unchanged}}"
        if result.done:
            self.offer_undo(request, done, progress.change)
        elif not result.refused_count:
            self.message_user(request, done, messages.SUCCESS)
        if not result.refused_count:
            return None
        refused = [(each.id, translated(each.message)) for each in result.refused]
        return self._page(request, "changed", progress=progress, refused=refused)

    def _page(self, request: HttpRequest, name: str, **context: Any) -> HttpResponse:
        return TemplateResponse(
            request,
            f"admin/crm/{name}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": gettext("Change %(verbose_name_plural)s")
                % {"verbose_name_plural": self.opts.verbose_name_plural},
                "subtitle": None,
                "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
                "select_across": request.POST.get("select_across", "0"),
                **context,
            },
        )

    def _refused(self, request: HttpRequest) -> HttpResponse:
        progress = Progress.read(request.POST.get("progress", ""), of=0)
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="refused-{self.opts.model_name}.csv"'
        writer = csv.writer(response)
        # Names of the API, for programs.
        writer.writerow(["id", "code", "field", "message"])
        for each in progress.result.refused:
            writer.writerow([each.id, each.code, each.field, spreadsheet_safe(translated(each.message))])
        return response
