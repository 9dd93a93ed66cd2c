"""The admin page of the background work: what waits, and what came of each part; for superusers."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.admin.base import VisibleAdmin
from crm.background.backlog import MOST_COUNTED, backlog, late_parts
from crm.background.registry import IMPORTS, MAILS, NOTIFICATIONS, WEBHOOKS, parts
from crm.background.rows import run_now
from crm.languages.messages import translated
from crm.models import WorkPart

PURPOSES = {
    IMPORTS: _("Run waiting imports"),
    WEBHOOKS: _("Send webhooks"),
    NOTIFICATIONS: _("Notify members of their work"),
    MAILS: _("Send the mails of notifications"),
}
WAITING = {
    "imports_waiting": _("Imports that wait"),
    "imports_running": _("Imports that run"),
    "imports_oldest_seconds": _("Oldest import that waits"),
    "webhooks_due": _("Webhooks that are due"),
    "webhooks_oldest_seconds": _("Oldest webhook that is due"),
    "mails_due": _("Mails of notifications that are due"),
    "mails_oldest_seconds": _("Oldest mail that is due"),
    "events_unnumbered": _("Events without a number"),
}


@admin.register(WorkPart)
class WorkPartAdmin(VisibleAdmin[WorkPart]):
    """Not of any company, so only superusers look at it, and nobody changes it but the work itself."""

    change_list_template = "admin/crm/workpart/change_list.html"
    may_add = may_change = may_delete = False
    list_display = ("__str__", "purpose", "outcome", "numbers", "last_started_at", "duration", "next_run_at")
    list_display_links = ("__str__",)
    fields = (
        *list_display,
        "last_finished_at",
        "error",
        "failures",
        "is_running",
    )
    readonly_fields = fields
    ordering = ("name",)
    actions: Sequence[str] = ("run_selected_now",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[WorkPart]:
        return admin.ModelAdmin.get_queryset(self, request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_write_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what waits above the list."""
        if self.has_view_permission(request):
            shown = [(WAITING[name], _shown(name, number)) for name, number in backlog().items()]
            late = [name.replace("_", " ").capitalize() for name in late_parts()]
            extra_context = {**(extra_context or {}), "waiting": shown, "late": late}
        return super().changelist_view(request, extra_context)

    @admin.action(permissions=["write"], description=_("Run selected parts now"))
    def run_selected_now(self, request: HttpRequest, queryset: models.QuerySet[WorkPart]) -> None:
        chosen = run_now(queryset.values_list("name", flat=True))
        if chosen:
            self.message_user(
                request,
                gettext("Parts that run as soon as a process of manage.py work is free: %(chosen)s.")
                % {"chosen": chosen},
            )
        if chosen < queryset.count():
            self.message_user(
                request, gettext("Parts that always run, and those at work, run already."), messages.INFO
            )

    @admin.display(description=_("Purpose"))
    def purpose(self, row: WorkPart) -> str:
        part = parts().get(row.name)
        return translated(part.purpose if part else PURPOSES.get(row.name, _("Not part of this version")))

    @admin.display(description=_("Last result"))
    def numbers(self, row: WorkPart) -> str:
        if row.error:
            return row.error
        return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in row.result.items())

    @admin.display(description=_("Took"))
    def duration(self, row: WorkPart) -> str:
        return "" if row.duration_ms is None else f"{row.duration_ms / 1000:.1f} s"

    @admin.display(description=_("Runs now"), boolean=True)
    def is_running(self, row: WorkPart) -> bool:
        return bool(row.leased_by)


def _shown(name: str, number: int | None) -> str:
    if number is None:
        return gettext("none")
    if name.endswith("_seconds"):
        return f"{number} s"
    return (
        (gettext("%(most_counted)s or more") % {"most_counted": MOST_COUNTED})
        if number >= MOST_COUNTED
        else str(number)
    )
