"""One field of a record, saved by itself: in place with scripts, by a small page without."""

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext

from crm.admin.activity_actions import page_of
from crm.admin.forms import VersionedForm
from crm.admin.frame.fragments import is_fragment
from crm.admin.lifecycle import LiveAdmin
from crm.admin.stale.comparing import Comparison
from crm.admin.stale.posted import is_compared, labels_of, put_into, typed_in
from crm.admin.stale.shown import Shown, read_shown, shown_by
from crm.errors import Conflict, ConflictReason, CrmError
from crm.services.latest_changes import latest_changes

#: Attempts to save a field whose record others save at the same time.
MOST_TRIES = 4
CHANGED = "crm:changed"


class EditsOneField(LiveAdmin[Any]):
    """Mixin: the fields of a form can be saved one by one, through the same form and service."""

    #: Fields that make sense only together with another one.
    edited_together: ClassVar[Mapping[str, Sequence[str]]] = {}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.edit_field)
        address = path("<int:object_id>/field/<slug:name>/", view, name=self._name_of("field"))
        return [address, *super().get_urls()]

    def _name_of(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def edit_field(self, request: HttpRequest, object_id: int, name: str) -> HttpResponse:
        """Show a form of one field, or save it."""
        row = self.get_object(request, str(object_id))
        if row is None:
            return self._gone(request, object_id, name)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        form, _ = self.unbound_form(request, row)
        names = [each for each in (name, *self.edited_together.get(name, ())) if each in form.fields]
        if name not in names or not all(is_compared(each, form.fields[each]) for each in names):
            raise Http404
        if request.method != "POST":
            return self._field_page(request, row, form, names)
        for _ in range(MOST_TRIES):
            try:
                return self._save_field(request, row, names)
            except Conflict as refused:
                if refused.reason != ConflictReason.VERSION:
                    raise
            # Somebody saved the record at the same moment.
            row = self.get_object(request, str(object_id))
            if row is None:
                return self._gone(request, object_id, name)
        return HttpResponse(gettext("Others are saving this too. Save again in a moment."), status=409)

    def _gone(self, request: HttpRequest, object_id: int, name: str) -> HttpResponse:
        """Return what was typed into the form of a record that is gone."""
        if request.method != "POST" or not self.has_change_permission(request):
            raise Http404
        names = (name, *self.edited_together.get(name, ()))
        answer = self.answer_gone(request, str(object_id), names)
        # One field alone offers no way to restore the record.
        assert answer is not None
        return answer

    def _save_field(self, request: HttpRequest, row: Any, names: Sequence[str]) -> HttpResponse:
        unbound, _ = self.unbound_form(request, row)
        theirs, sent = shown_by(unbound, ()), request.POST
        of_field = Shown(fields={name: theirs.fields[name] for name in names})
        data = QueryDict(mutable=True)
        for name, values in theirs.fields.items():
            put_into(data, name, values)
        for name in names:
            typed = typed_in(sent, name, unbound.fields[name])
            # A field that belongs to the one of the address may be left out.
            if name == names[0] or any(typed.values()):
                put_into(data, name, typed)
        if sent.get("version") != str(row.version):
            shown = read_shown(sent.get("seen", ""))
            comparison = Comparison(
                data.copy(),
                unbound,
                (),
                before=shown,
                theirs=of_field,
                changes=latest_changes(row),
                unanswered={},
            )
            if comparison.open:
                form = self._bound(request, row, data)
                return self._field_page(request, row, form, names, comparison=comparison.differences)
            data = comparison.data
        data["version"] = str(row.version)
        if "save_anyway" in sent:
            data["save_anyway"] = "on"
        before = row.version
        form = self._bound(request, row, data)
        if form.is_valid() and (refused := self._store_field(request, form)) is not None:
            vars(request)["refusal"] = refused
            key = row.pk
            if (row := self.get_object(request, str(key))) is None:
                return self._gone(request, key, names[0])
            form = self._bound(request, row, data)
        if not form.is_valid():
            return self._field_page(request, row, form, names)
        return self._saved(request, form.instance, names, before)

    def _bound(self, request: HttpRequest, row: Any, data: QueryDict) -> VersionedForm[Any]:
        form: VersionedForm[Any] = self.form_class(request, row)(data, instance=row)
        return form

    def _store_field(self, request: HttpRequest, form: Any) -> ValidationError | CrmError | None:
        """Store a valid form; return why it was refused."""
        try:
            with transaction.atomic():
                self.store(request, form, [])
                self.log_change(request, form.instance, self.construct_change_message(request, form, []))
        except Conflict as refused:
            if refused.reason == ConflictReason.VERSION:
                raise
            return refused
        except (ValidationError, CrmError) as refused:
            return refused
        return None

    def _field_page(
        self,
        request: HttpRequest,
        row: Any,
        form: Any,
        names: Sequence[str],
        comparison: Sequence[Any] = (),
    ) -> HttpResponse:
        # Other ids than those of the form on the same page.
        form.auto_id = "alone-%s"
        unbound, _ = self.unbound_form(request, row)
        theirs = shown_by(unbound, ()).fields
        shown = Shown(fields={name: theirs[name] for name in names if name in theirs})
        others = {
            str(form.fields[name].label or "") if name in form.fields else "": errors
            for name, errors in form.errors.items()
            if name not in names
        }
        context = {
            "record": row,
            "name": names[0],
            "bound": [form[name] for name in names],
            "version": row.version,
            "seen": shown.dumped(),
            "labels": json.dumps(
                {
                    name: labels_of(unbound.fields[name], [*chain(*values.values())]) or {}
                    for name, values in shown.fields.items()
                }
            ),
            "others": others,
            "may_save_anyway": "save_anyway" in form.fields and hasattr(request, "refusal"),
            "comparison": comparison,
            "address": reverse(f"admin:{self._name_of('field')}", args=[row.pk, names[0]]),
            "page": page_of(row),
        }
        if is_fragment(request):
            # In place of what is shown, or beside the input of the form of the page.
            is_beside = request.POST.get("beside") == "1"
            template = "admin/crm/field_beside.html" if is_beside else "admin/crm/field_form.html"
            return TemplateResponse(request, template, context)
        label = str(form.fields[names[0]].label)
        shared = {**self.admin_site.each_context(request), "title": label, "subtitle": f"{row}: {label}"}
        shared |= {"opts": self.opts, "media": self.media + form.media}
        return TemplateResponse(request, "admin/crm/field_page.html", {**shared, **context})

    def _saved(self, request: HttpRequest, row: Any, names: Sequence[str], before: int) -> HttpResponse:
        fresh = self.get_object(request, str(row.pk))
        if not is_fragment(request) or fresh is None:
            messages.success(request, gettext("“%(record)s” was saved.") % {"record": row})
            return redirect(page_of(row))
        form, formsets = self.unbound_form(request, fresh)
        context = {
            "before": before,
            "version": fresh.version,
            "seen": shown_by(form, formsets).dumped(),
            "name": names[0],
        }
        response = TemplateResponse(request, "admin/crm/field_saved.html", context)
        response["HX-Trigger"] = CHANGED
        return response
