"""Filters of the list of leads by their state and by tag."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.admin.base import visible_rows
from crm.admin.record_filters import RecordFilter
from crm.database.keys import parse_id
from crm.models import Tag
from leads.models import Lead, StatusCategory
from people.models import Organization, Person

#: The weightiest and first tags; others are found by the search of tags.
MOST_TAGS = 40
ENDINGS = {"won": StatusCategory.WON, "lost": StatusCategory.LOST}


class OpenFilter(admin.SimpleListFilter):
    """Filter leads by whether they are open, and how they ended."""

    title = _("open or closed")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [
            ("yes", gettext("Open")),
            ("no", gettext("Closed")),
            ("won", gettext("Won")),
            ("lost", gettext("Lost")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        if self.value() == "yes":
            return queryset.filter(closed_at=None)
        if self.value() == "no":
            return queryset.filter(closed_at__isnull=False)
        if self.value() in ENDINGS:
            return queryset.filter(closed_at__isnull=False, status__category=ENDINGS[str(self.value())])
        return queryset


class TagFilter(admin.SimpleListFilter):
    """Filter records by a tag."""

    title = _("tag")
    parameter_name = "tagged"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        tags = visible_rows(Tag, request).order_by("-weight", "name", "pk")[:MOST_TAGS]
        return [(str(tag.pk), tag.name) for tag in tags]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        tag = parse_id(self.value() or "")
        return queryset if tag is None else queryset.filter(tags=tag)


class OfPerson(RecordFilter):
    title = _("person")
    parameter_name = path = "person"
    related = Person


class OfOrganization(RecordFilter):
    title = _("organization")
    parameter_name = path = "organization"
    related = Organization
