"""Filters of the list pages."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.http import HttpRequest

from crm.admin.base import VisibleToActor

DELETED_PARAMETER = "deleted"


class VisibleRelatedFilter(admin.RelatedFieldListFilter):
    """A filter by a relation that offers visible rows alone."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        """Give the rows as their own list orders and names them."""
        related: VisibleToActor[Any] = model_admin.admin_site.get_model_admin(field.remote_field.model)
        return [(row.pk, related.choice_label(row)) for row in related.get_queryset(request)]


class DeletedFilter(admin.SimpleListFilter):
    """Shows deleted rows in place of the others; the list itself reads them."""

    title = "deleted"
    parameter_name = DELETED_PARAMETER

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the deleted rows."""
        return [("1", "Deleted")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Call the rows that are not deleted by a name of their own."""
        unfiltered, *rest = super().choices(changelist)
        yield {**unfiltered, "display": "Present"}
        yield from rest

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Leave the rows as they are: which ones they are was decided when they were read."""
        return queryset
