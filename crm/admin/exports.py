"""The admin action that exports what a list shows."""

import tempfile
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.acting import actor_of
from crm.admin.base import acting
from crm.admin.forms import message_of
from crm.admin.lifecycle import LiveAdmin
from crm.errors import CrmError
from crm.exporting.formats import ExportFormat
from crm.exporting.registry import exported_named
from crm.exporting.running import export_rows
from crm.models.base import visible_rows
from crm.streamed_files import file_answer

EXPORT = "export_listed"


class ExportsList(LiveAdmin[Any]):
    """Mixin: adds an action that exports the selected rows, or the whole list if none is selected."""

    actions: Sequence[str] = (*LiveAdmin.actions, EXPORT)

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Return whether the actor may export, which Django asks for the action."""
        actor = actor_of(request)
        return actor is not None and actor.may(Action.EXPORT)

    def get_actions(self, request: HttpRequest) -> Any:
        offered = super().get_actions(request)
        # What is deleted is seen by nobody who reads an export.
        if self._lists_deleted(request):
            offered.pop(EXPORT, None)
        return offered

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if request.POST.get("action") == EXPORT and not request.POST.getlist(ACTION_CHECKBOX_NAME):
            # Django runs no action without a selection; none stands for the whole list here.
            sent = request.POST.copy()
            sent["select_across"] = "1"
            sent.setlist(ACTION_CHECKBOX_NAME, ["0"])
            request.POST = sent  # type: ignore[assignment]  # as Django's own, which may be changed
        return super().changelist_view(request, extra_context)

    @admin.action(permissions=["export"], description=_("Export as CSV: the selected, or the whole list"))
    def export_listed(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:
        actor = acting(request)
        exported = exported_named(self.model.entity_kind)
        # Not the list's own query, which reads more columns and counts.
        rows = visible_rows(self.model, actor).filter(pk__in=queryset.order_by().values("pk"))
        # A file of its own: what is read must not wait for a slow browser.
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
        try:
            export_rows(exported.source(actor), rows, file, described=dict(request.GET.lists()) or None)
        except (ValidationError, CrmError) as refused:
            file.close()
            self.message_user(request, message_of(refused), messages.ERROR)
            return None
        size = file.tell()
        file.seek(0)
        name = f"{self.opts.verbose_name_plural}.csv"
        return file_answer(request, file, type_=ExportFormat.CSV.content_type, name=name, size=size)
