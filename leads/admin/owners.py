"""Who may own leads, as choices and as a filter; and which leads rot."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from crm.admin.base import acting, visible_rows
from crm.models import User
from leads.models.rotting import is_rotting


def assignable_users(request: HttpRequest) -> QuerySet[User]:
    """Give the members of the current company who may own leads, by name."""
    members: Any = visible_rows(User, request)
    users: QuerySet[User] = members.assignable_in(acting(request).company_id)
    return users.order_by("displayname", "pk")


class OwnerFilter(admin.SimpleListFilter):
    """Shows the leads of the acting user, or those of nobody."""

    title = "owner"
    parameter_name = "owned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer one's own leads and those without an owner."""
        return [("mine", "Mine"), ("nobody", "Nobody")]

    def choices(self, changelist: Any) -> Any:
        """Call the leads of all by a name of their own."""
        unfiltered, *rest = super().choices(changelist)
        yield {**unfiltered, "display": "Everyone"}
        yield from rest

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow to the leads of the owner that was chosen."""
        if self.value() == "mine":
            return queryset.filter(owner_id=acting(request).user_id)
        if self.value() == "nobody":
            return queryset.filter(owner=None)
        return queryset


class RottingFilter(admin.SimpleListFilter):
    """Shows the open leads about which nothing was done for longer than their stage allows."""

    title = "rotting"
    parameter_name = "rotting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer those that rot, and those that do not."""
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow to the leads that were chosen."""
        if self.value() == "yes":
            return queryset.filter(is_rotting())
        if self.value() == "no":
            return queryset.exclude(is_rotting())
        return queryset
