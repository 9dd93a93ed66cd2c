"""The admin page of webhook endpoints."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.db import models
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.base import acting
from crm.admin.copying import copyable
from crm.admin.forms import OptionalObjectField, ServiceForm
from crm.admin.labels import NONE
from crm.admin.setup import deliveries
from crm.admin.writing import CreatesThroughService
from crm.languages.messages import translated
from crm.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from crm.models.webhooks import CHOSEN_TYPES, default_kinds
from crm.webhooks.endpoints import (
    create_endpoint,
    delete_endpoint,
    resume_endpoint,
    rotate_secret,
    save_endpoint,
    send_test,
)


class FilterField(OptionalObjectField):
    default_error_messages = {
        "invalid": _('Enter a JSON object as the where of leads: {"column": "STATUS", "value": "Won"}.')
    }


class EndpointForm(ServiceForm[WebhookEndpoint]):
    kinds = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(kind, kind) for kind in CHOSEN_TYPES],
        initial=default_kinds,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "An endpoint also gets the bulk type of each kind of record that it has a type of, such as"
            " lead.bulk: it reports that many changed at once."
        ),
    )
    filter = FilterField(
        label=_("Filter"),
        help_text=_(
            "Send only events of records that meet this: the where of the API as JSON, such as"
            ' {"column": "STATUS", "operator": "EQ", "value": "Open"}. It must be valid for each kind of'
            " record chosen above: leads, people and organizations can be filtered. Empty: all records."
        ),
    )


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(CreatesThroughService[WebhookEndpoint]):
    """The endpoints that the company's events are sent to; never their secrets."""

    form = EndpointForm
    view_action = Action.MANAGE_COMPANY
    write_action = Action.MANAGE_COMPANY
    save_service = staticmethod(save_endpoint)
    list_display = ("name", "url", "state", "last_success_at", "waiting", "deliveries_link")
    list_filter = ("is_active", ("paused_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "url")
    ordering = ("name", "pk")
    actions: Sequence[str] = ("send_test_selected", "resume_selected", "rotate_selected", "delete_selected")
    readonly_fields = (
        *("state", "last_success_at", "waiting", "deliveries_link"),
        *("missed_at", "previous_secret_until"),
    )
    add_fieldsets = ((None, {"fields": ("name", "url", "kinds", "filter", "is_active")}),)
    fieldsets = (*add_fieldsets, (_("Status"), {"fields": readonly_fields}))

    def get_urls(self) -> list[URLPattern]:
        return [*deliveries.urls(self.admin_site), *super().get_urls()]

    @admin.display(description=_("deliveries"))
    def deliveries_link(self, endpoint: WebhookEndpoint) -> str:
        if endpoint._state.adding:
            return NONE
        address = reverse("admin:crm_webhookendpoint_deliveries", args=[endpoint.pk])
        return format_html('<a href="{}">{}</a>', address, _("Test and look back"))

    def response_add(self, request: HttpRequest, obj: WebhookEndpoint, post_url_continue: Any = None) -> Any:
        answer = super().response_add(request, obj, post_url_continue)
        if request.POST.keys() & {"_addanother", "_continue", IS_POPUP_VAR}:
            return answer
        # There a test says whether it works.
        return redirect("admin:crm_webhookendpoint_deliveries", object_id=obj.pk)

    @admin.display(description=_("state"))
    def state(self, endpoint: WebhookEndpoint) -> str:
        # Paused first: an endpoint that was paused for its failures is still active.
        if endpoint.paused_at:
            return gettext("Paused %(timesince)s ago. %(pause_reason)s") % {
                "timesince": timesince(endpoint.paused_at),
                "pause_reason": translated(endpoint.pause_reason),
            }
        if not endpoint.is_active:
            return gettext("Off")
        if endpoint.failing_since:
            return gettext("Failing for %(timesince)s, %(failures)s times in a row") % {
                "timesince": timesince(endpoint.failing_since),
                "failures": endpoint.failures,
            }
        return gettext("Sending")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[WebhookEndpoint]:
        """Annotate each endpoint with the number of its pending messages."""
        waiting = WebhookDelivery.objects.visible_to(acting(request)).filter(
            endpoint=models.OuterRef("pk"), status=DeliveryStatus.PENDING
        )
        count = waiting.order_by().values("endpoint").annotate(number=models.Count("pk")).values("number")
        return super().get_queryset(request).annotate(waiting_number=Coalesce(models.Subquery(count), 0))

    @admin.display(description=_("waiting"))
    def waiting(self, endpoint: Any) -> object:
        return endpoint.waiting_number

    def make(self, request: HttpRequest, form: EndpointForm) -> WebhookEndpoint:
        endpoint, secret = create_endpoint(form.instance, actor=acting(request))
        self._show(request, endpoint, secret)
        return endpoint

    def remove(self, request: HttpRequest, obj: WebhookEndpoint) -> None:
        delete_endpoint(obj, actor=acting(request))

    def _show(self, request: HttpRequest, endpoint: WebhookEndpoint, secret: str) -> None:
        said = _("Copy the secret of %(name)s now, it is not shown again:") % {"name": endpoint.name}
        text = format_html("{} {}", said, copyable(secret))
        self.message_user(request, text, messages.SUCCESS, "token")

    @admin.action(permissions=["write"], description=_("Send a test to selected endpoints"))
    def send_test_selected(self, request: HttpRequest, queryset: models.QuerySet[WebhookEndpoint]) -> None:
        test = partial(send_test, actor=acting(request))
        # Queued, not sent: the deliveries show later whether a test arrived.
        self.for_each(request, queryset, test, done=gettext("Sending tests to %(rows)s."))

    @admin.action(permissions=["write"], description=_("Resume selected endpoints"))
    def resume_selected(self, request: HttpRequest, queryset: models.QuerySet[WebhookEndpoint]) -> None:
        self.for_each(
            request,
            queryset,
            partial(resume_endpoint, actor=acting(request)),
            done=gettext("Resumed %(rows)s."),
        )

    @admin.action(permissions=["write"], description=_("Give selected endpoints new secrets"))
    def rotate_selected(self, request: HttpRequest, queryset: models.QuerySet[WebhookEndpoint]) -> None:
        # The old secrets sign for one more day, so that no message is lost while endpoints change over.

        def rotate(endpoint: WebhookEndpoint) -> None:
            self._show(request, endpoint, rotate_secret(endpoint, actor=acting(request)))

        self.for_each(request, queryset, rotate, done=gettext("New secrets for %(rows)s."))
