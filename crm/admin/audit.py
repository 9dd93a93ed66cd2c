"""The admin page of the audit list, which nobody changes."""

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from crm.actors import Action
from crm.admin.base import VisibleAdmin
from crm.models import AuditEntry


@admin.register(AuditEntry)
class AuditAdmin(VisibleAdmin[AuditEntry]):
    """Sign-ins, passwords, tokens and invitations of the company's members; for superusers of everybody."""

    view_action = Action.MANAGE_COMPANY
    list_display = ("created_at", "event", "outcome", "user", "address", "by", "detail")
    list_filter = ("event", "outcome", "created_at")
    list_select_related = ("user", "by")
    search_fields = ("user__username", "user__displayname", "user__email", "detail")
    ordering = ("-created_at", "-pk")
    actions = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[AuditEntry]:
        """Return what the actor sees; for superusers also names that nobody has, and every company."""
        if request.user.is_superuser:
            return admin.ModelAdmin.get_queryset(self, request)
        return super().get_queryset(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(request.user.is_superuser) or super().has_view_permission(request, obj)
