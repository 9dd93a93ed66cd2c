"""The admin page of users: superusers manage all of them, everybody else sees their colleagues."""

from collections.abc import Sequence
from typing import cast

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from crm.admin.base import Fieldsets
from crm.admin.ends_sign_in import SIGN_IN_ACTIONS, EndsSignIn
from crm.admin.forms import ServiceForm
from crm.admin.writing import FormSet, WritesThroughService
from crm.models import User
from crm.services import audit
from crm.services.companies import save_user


class UserForm(ServiceForm[User], UserChangeForm):  # type: ignore[type-arg]  # not generic when it runs
    """A user's account."""


class NewUserForm(ServiceForm[User], AdminUserCreationForm):  # type: ignore[type-arg]  # not generic when it runs
    """A new user's account."""


@admin.register(User)
class UserAdmin(EndsSignIn, WritesThroughService[User], DjangoUserAdmin):  # type: ignore[type-arg]  # not generic when it runs
    """Only superusers change accounts: a user may belong to several companies."""

    form = UserForm
    add_form = NewUserForm
    list_display = ("username", "displayname", "email", "is_active", "last_login")
    list_filter = ("is_active",)
    search_fields = ("username", "displayname")
    ordering = ("username", "pk")
    # Django's own value names groups and permissions, which these forms do not have.
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (
            _("Person"),
            {"fields": ("displayname", "first_name", "last_name", "email", "timezone", "language")},
        ),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    colleague_fieldsets: Fieldsets = (
        (None, {"fields": ("username", "displayname", "email", "timezone", "language", "is_active")}),
    )
    actions: Sequence[str] = SIGN_IN_ACTIONS
    # History names its users, so none is ever deleted: make the account inactive instead.
    may_delete = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        """Return colleagues; for superusers every user, except among the choices of a form."""
        # A superuser who chooses an owner must not be offered users of other companies.
        match = request.resolver_match
        offers_choices = match is not None and match.url_name == "autocomplete"
        if self._manages_users(request) and not offers_choices:
            return DjangoUserAdmin.get_queryset(self, request)
        return super().get_queryset(request)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Fieldsets:
        return (
            super().get_fieldsets(request, obj) if self._manages_users(request) else self.colleague_fieldsets
        )

    def has_write_permission(self, request: HttpRequest) -> bool:
        return self._manages_users(request)

    def _manages_users(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._manages_users(request) or super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._manages_users(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._manages_users(request)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        # The audit list tells who set another's password.
        with audit.done_by(cast(User, request.user)):
            return super().user_change_password(request, id, form_url)

    # Accounts belong to no company, so their service takes no actor.
    def store(self, request: HttpRequest, form: UserForm, formsets: Sequence[FormSet]) -> None:
        save_user(form.instance)


# Rights come from memberships and their roles.
admin.site.unregister(Group)
