"""The admin page of notifications: the signed-in member's own, in the current company."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from crm.actors import Action
from crm.admin.base import VisibleAdmin, acting
from crm.admin.labels import NONE
from crm.languages.messages import translated
from crm.models import Notification
from crm.notifications.mail_texts import page_of
from crm.services.bulk import MOST_KEYS
from crm.services.notifications import mark_all_read, mark_read


class UnreadFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "unread"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", gettext("Unread")), ("0", gettext("Read"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if self.value() not in ("0", "1"):
            return queryset
        return queryset.filter(read_at__isnull=self.value() == "1")


@admin.register(Notification)
class NotificationAdmin(VisibleAdmin[Notification]):
    change_list_template = "admin/crm/notification/change_list.html"
    write_action = Action.CHANGE_OWN
    may_add = may_change = may_delete = False
    list_display = ("told", "page", "kind", "created_at", "is_read")
    list_filter = (UnreadFilter, "kind")
    list_select_related = ("content_type",)
    search_fields = ("text",)
    ordering = ("-pk",)
    fields = ("told", "page", "kind", "by", "created_at", "read_at", "delivery")
    readonly_fields = fields
    actions: Sequence[str] = ("mark_selected_read",)

    @admin.display(description=_("text"))
    def told(self, row: Notification) -> str:
        return translated(row.text)

    @admin.display(description=_("About"))
    def page(self, row: Notification) -> str:
        address = page_of(row)
        if address is None:
            return NONE
        return format_html('<a href="{}">{}</a>', address, capfirst(str(row.content_type.name)))

    @admin.display(description=_("Read"), boolean=True)
    def is_read(self, row: Notification) -> bool:
        return row.read_at is not None

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.mark_all))
        return [path("read/", view, name="crm_notification_read"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, with a button that marks as read what had come by now."""
        return super().changelist_view(request, {**(extra_context or {}), "shown_at": timezone.now()})

    def mark_all(self, request: HttpRequest) -> HttpResponse:
        """Mark all notifications as read that had come when the list was shown, and go back to it."""
        try:
            until = parse_datetime(request.POST.get("until", ""))
        except ValueError:
            until = None
        self._report(request, mark_all_read(actor=acting(request), until=until))
        return redirect(reverse("admin:crm_notification_changelist", current_app=self.admin_site.name))

    @admin.action(permissions=["write"], description=_("Mark selected notifications as read"))
    def mark_selected_read(self, request: HttpRequest, queryset: models.QuerySet[Notification]) -> None:
        actor, keys = acting(request), list(queryset.values_list("pk", flat=True))
        parts = (keys[start : start + MOST_KEYS] for start in range(0, len(keys), MOST_KEYS))
        self._report(request, sum(mark_read(part, actor=actor) for part in parts))

    def _report(self, request: HttpRequest, count: int) -> None:
        said = ngettext(
            "Marked %(count)s notification as read.", "Marked %(count)s notifications as read.", count
        )
        self.message_user(request, said % {"count": count}, messages.SUCCESS)
