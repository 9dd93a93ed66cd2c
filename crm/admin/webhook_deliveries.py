"""The admin page of webhook deliveries."""

from collections.abc import Sequence

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.base import acting
from crm.admin.filters import VisibleRelatedFilter
from crm.admin.writing import WritesThroughService
from crm.languages.messages import translated
from crm.models import WebhookDelivery
from crm.webhooks.deliveries import redeliver


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(WritesThroughService[WebhookDelivery]):
    view_action = Action.MANAGE_COMPANY
    write_action = Action.MANAGE_COMPANY
    may_add = False
    may_change = False
    may_delete = False
    list_display = (
        "created_at",
        "endpoint",
        "type",
        "object_id",
        "status",
        "attempts",
        "response_status",
        "fault",
        "next_attempt_at",
    )
    list_filter = ("status", "type", ("endpoint", VisibleRelatedFilter), "created_at")
    list_select_related = ("endpoint",)
    search_fields = ("message_id", "=object_id")
    ordering = ("-pk",)
    actions: Sequence[str] = ("redeliver_selected",)
    fields = (
        "message_id",
        *list_display,
        "changes",
        "cursor",
        "occurred_at",
        "last_attempt_at",
        "duration_ms",
        "finished_at",
    )
    readonly_fields = fields

    @admin.display(description=_("error"), ordering="error")
    def fault(self, row: WebhookDelivery) -> str:
        return translated(row.error)

    @admin.action(permissions=["write"], description=_("Send selected deliveries again"))
    def redeliver_selected(self, request: HttpRequest, queryset: models.QuerySet[WebhookDelivery]) -> None:
        actor = acting(request)
        # Under their old message ids, so that an endpoint can tell that it has received one before.
        self.for_each(
            request,
            queryset,
            lambda row: redeliver([row], actor=actor),
            done=gettext("Queued again: %(rows)s."),
        )
