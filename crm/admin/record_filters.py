"""Filters of a list by a related record, which other pages lead to; set ones stand above it as chips."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext

from crm.admin.base import visible_rows
from crm.database.keys import parse_id


class RecordFilter(admin.SimpleListFilter):
    """Filter rows by a record that they belong to: ``person=12``; a list offers none by itself."""

    related: ClassVar[type[Model]]
    #: The path from a row to the record.
    path: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        value = request.GET.get(str(self.parameter_name), "")
        if not value:
            return []
        record = visible_rows(self.related, request).filter(pk=parse_id(value)).first()
        # Without a choice Django would leave the filter out, and list all rows.
        return [(value, gettext("unknown") if record is None else str(record))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        key = parse_id(value)
        known = visible_rows(self.related, request).filter(pk=key)
        # An unknown record and one that the actor cannot see are the same: they have no rows.
        return queryset.none() if key is None else queryset.filter(**{f"{self.path}__in": known})
