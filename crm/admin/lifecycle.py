"""The base of admin pages of rows that have versions and can be deleted and restored."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.admin.base import Fieldsets, acting
from crm.admin.change_lists import ListsRecords
from crm.admin.filters import DELETED_PARAMETER
from crm.admin.forms import CARRIED, VersionedForm
from crm.admin.stale.forms import ComparesStale
from crm.models.lifecycle import LiveModel

Live = TypeVar("Live", bound=LiveModel)


class LiveAdmin(ListsRecords[Live], ComparesStale[Live]):
    """The pages of a model whose rows have versions and can be deleted and restored."""

    restore_service: ClassVar[Callable[..., object]]
    form: type[forms.ModelForm[Live]] = VersionedForm
    exclude = ("version",)
    actions: Sequence[str] = ("delete_selected", "restore_selected")
    #: For those who may only look: what is shown in place of a relation that may lead to a deleted row.
    shown_instead: ClassVar[Mapping[str, str]] = {}

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Live]:
        """Return the visible rows; in the list of deleted rows, those that can be restored."""
        if not self._lists_deleted(request):
            return super().get_queryset(request)
        model: Any = self.model
        # Also rows that the actor would see if they were restored.
        deleted: models.QuerySet[Live] = model.objects.with_deleted_for(acting(request)).filter(
            deleted_at__isnull=False
        )
        return deleted.order_by(*self.get_ordering(request))

    def _lists_deleted(self, request: HttpRequest) -> bool:
        page = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        here = request.resolver_match is not None and request.resolver_match.url_name == page
        return here and request.GET.get(DELETED_PARAMETER) == "1"

    def get_fieldsets(self, request: HttpRequest, obj: Live | None = None) -> Fieldsets:
        """Add the hidden version field, or replace fields that a read-only page must not show."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        if not self.has_change_permission(request, obj):
            return [
                (title, {**options, "fields": self._shown(options["fields"])}) for title, options in fieldsets
            ]
        # Hidden by its class: the form posts back the version that the user saw, and what it showed.
        return [*fieldsets, (None, {"fields": CARRIED, "classes": ("version",)})]

    def _shown(self, fields: Any) -> Any:
        if isinstance(fields, str):
            return self.shown_instead.get(fields, fields)
        return tuple(self._shown(field) for field in fields)

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        # A deleted row has no form.
        return () if self._lists_deleted(request) else super().get_list_display_links(request, list_display)

    def get_actions(self, request: HttpRequest) -> Any:
        offered = super().get_actions(request)
        # A list shows either live or deleted rows, so one of the two actions has nothing to do.
        offered.pop("delete_selected" if self._lists_deleted(request) else "restore_selected", None)
        return offered

    @admin.action(permissions=["delete"], description=_("Restore selected %(verbose_name_plural)s"))
    def restore_selected(self, request: HttpRequest, queryset: models.QuerySet[Live]) -> None:
        self.for_each(
            request,
            queryset,
            lambda row: self.restore_service(row.pk, actor=acting(request)),
            done=gettext("Restored %(rows)s."),
        )
