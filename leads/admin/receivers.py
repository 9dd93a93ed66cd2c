"""The admin of receivers."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from crm.actors import Action
from crm.admin.copying import copyable
from crm.admin.filters import VisibleRelatedFilter
from crm.admin.forms import NamedForm, OptionalObjectField
from crm.admin.labels import NONE
from crm.admin.lines import LinesField
from crm.admin.writing import WritesThroughService
from leads.admin.receiving.template_page import template_page
from leads.mail.addresses import receiver_address
from leads.models import (
    LeadReceiver,
    ReceiverKind,
    Verification,
)
from leads.services.receiver_keys import HEADERS, receiver_key
from leads.services.receivers import delete_receiver, save_receiver


class TemplateField(OptionalObjectField):
    default_error_messages = {"invalid": _("Enter a JSON object that maps paths to fields.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget = AdminTextareaWidget(attrs={"rows": 14, "cols": 80})


class ReceiverForm(NamedForm[LeadReceiver]):
    template = TemplateField(label=_("Template"))
    allowed_origins = LinesField(
        label=_("Allowed origins"),
        required=False,
        help_text=_(
            "Sites whose pages may post to this receiver from a browser, such as"
            " https://www.example.com, one per line."
        ),
    )


@admin.register(LeadReceiver)
class LeadReceiverAdmin(WritesThroughService[LeadReceiver]):
    form = ReceiverForm
    write_action = Action.CHANGE_LOOKUPS
    save_service = staticmethod(save_receiver)
    delete_service = staticmethod(delete_receiver)
    list_display = ("name", "kind", "agent", "rotation", "source", "type", "is_default", "is_active")
    list_filter = ("is_active", ("source", VisibleRelatedFilter))
    list_select_related = ("agent", "rotation", "source", "type")
    search_fields = ("name",)
    ordering = ("name", "pk")
    readonly_fields = ("address", "mail_address", "key", "editor")
    owner_fields = ("agent",)
    fieldsets = (
        (None, {"fields": ("name", "kind", "is_default", "is_active", "address")}),
        (_("E-mails"), {"fields": ("mail_address", "creates_leads")}),
        (_("Assigned to its leads"), {"fields": ("rotation", "agent", "source", "source_name", "type")}),
        (_("Template"), {"fields": ("editor", "template")}),
        (
            _("Accepted deliveries"),
            {
                "fields": (
                    "verification",
                    "key",
                    "honeypot",
                    "window_minutes",
                    "rate_limit",
                    "allowed_origins",
                )
            },
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(template_page))
        return [
            path("<int:object_id>/template/", view, name="leads_leadreceiver_template"),
            *super().get_urls(),
        ]

    @admin.display(description=_("editor"))
    def editor(self, receiver: LeadReceiver) -> str:
        if receiver._state.adding or receiver.kind != ReceiverKind.WEB:
            return NONE
        address = reverse("admin:leads_leadreceiver_template", args=[receiver.pk])
        return format_html('<a href="{}">{}</a>', address, _("Edit it with what it makes of a payload"))

    @admin.display(description=_("address"))
    def address(self, receiver: LeadReceiver) -> str:
        if receiver._state.adding or receiver.kind != ReceiverKind.WEB:
            return NONE
        return copyable(f"{settings.PUBLIC_URL}{reverse('receiver', args=[receiver.uuid])}")

    @admin.display(description=_("e-mail address"))
    def mail_address(self, receiver: LeadReceiver) -> str:
        if receiver._state.adding or receiver.kind != ReceiverKind.MAIL:
            return NONE
        address = receiver_address(receiver.uuid)
        return copyable(address) if address else gettext("Set MAIL_ADDRESS: no mailbox is set up.")

    @admin.display(description=_("key"))
    def key(self, receiver: LeadReceiver) -> str:
        if receiver._state.adding or receiver.verification == Verification.NONE:
            return NONE
        return format_html("{}: {}", HEADERS[receiver.verification], copyable(receiver_key(receiver)))

    def get_fieldsets(self, request: HttpRequest, obj: LeadReceiver | None = None) -> Any:
        """Hide the key from those who may not change the receiver: it is a credential; and the editor."""
        if self.has_change_permission(request, obj):
            return self.fieldsets
        hidden = ("key", "editor")
        return [
            (title, {**options, "fields": tuple(name for name in options["fields"] if name not in hidden)})
            for title, options in self.fieldsets
        ]
