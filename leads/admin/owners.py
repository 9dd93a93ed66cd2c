"""The choices of owners, and the filters of leads by owner and by rotting."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.admin.base import acting, assignable_users
from crm.database.keys import parse_id
from leads.models import Lead
from leads.models.rotting import is_rotting

#: In a larger company the others are found by the address of their leads, as the home page has it.
MOST_OFFERED = 50


class OwnerFilter(admin.SimpleListFilter):
    """Filter leads by owner: one's own, those of nobody, or those of a colleague."""

    title = _("owner")
    parameter_name = "owned"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        members = assignable_users(acting(request))[:MOST_OFFERED]
        colleagues = [(str(user.pk), str(user)) for user in members if user.pk != request.user.pk]
        return [("mine", gettext("Mine")), ("nobody", gettext("Nobody")), *colleagues]

    def choices(self, changelist: ChangeList) -> Any:
        # Django's own word, "All", would read as a kind of owner here.
        unfiltered, *rest = super().choices(changelist)
        yield {**unfiltered, "display": gettext("Everyone")}
        yield from rest

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        if self.value() == "mine":
            return queryset.filter(owner_id=acting(request).user_id)
        if self.value() == "nobody":
            return queryset.filter(owner=None)
        owner = parse_id(self.value() or "")
        # A key of nobody who may be offered finds no lead: the rows are those that the actor sees.
        return queryset if owner is None else queryset.filter(owner_id=owner)


class RottingFilter(admin.SimpleListFilter):
    """Filter leads by whether they rot."""

    title = _("rotting")
    parameter_name = "rotting"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("yes", gettext("Yes")), ("no", gettext("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        if self.value() == "yes":
            return queryset.filter(is_rotting())
        if self.value() == "no":
            return queryset.exclude(is_rotting())
        return queryset
