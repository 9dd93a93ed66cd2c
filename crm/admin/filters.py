"""Filters of the list pages."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.admin.base import VisibleToActor

Rows = models.QuerySet[Any]
DELETED_PARAMETER = "deleted"


class VisibleRelatedFilter(admin.RelatedFieldListFilter):
    """A filter by a relation that offers only visible rows."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        """Return the rows in the order and with the labels of their own list."""
        related: VisibleToActor[Any] = model_admin.admin_site.get_model_admin(field.remote_field.model)
        return [(row.pk, related.choice_label(row)) for row in related.get_queryset(request)]


class DeletedFilter(admin.SimpleListFilter):
    """Shows deleted rows instead of live ones; ``LiveAdmin.get_queryset`` selects them."""

    title = _("deleted")
    parameter_name = DELETED_PARAMETER

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("1", gettext("Deleted"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        # Django calls the unfiltered choice "All", but this list never mixes live and deleted rows.
        unfiltered, *rest = super().choices(changelist)
        yield {**unfiltered, "display": gettext("Active")}
        yield from rest

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        # The list has read the right rows already.
        return queryset
