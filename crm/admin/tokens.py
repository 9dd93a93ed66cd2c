"""The admin page of API tokens."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Action, Scope
from crm.admin.base import acting, visible_rows
from crm.admin.copying import copyable
from crm.admin.forms import ServiceForm
from crm.admin.writing import CreatesThroughService
from crm.models import ApiToken, Company
from crm.services.tokens import create_token, revoke_token

SCOPES = {Scope.READ: _("Read"), Scope.WRITE: _("Write"), Scope.ERASE: _("Erase")}


class TokenForm(ServiceForm[ApiToken]):
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=[(scope.value, SCOPES[scope]) for scope in Scope],
        initial=[Scope.READ.value],
        widget=forms.CheckboxSelectMultiple,
    )


@admin.register(ApiToken)
class ApiTokenAdmin(CreatesThroughService[ApiToken]):
    """The tokens of the current company and their use; never their hashes."""

    form = TokenForm
    view_action = Action.MANAGE_COMPANY
    write_action = Action.MANAGE_COMPANY
    # The rights of a token that somebody holds stay as they are: create another one and revoke this one.
    may_change = False
    may_delete = False
    list_display = ("prefix", "name", "user", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user",)
    search_fields = ("prefix", "name", "user__username")
    ordering = ("-created_at", "pk")
    autocomplete_fields = ("user",)
    actions: Sequence[str] = ("revoke_selected",)
    add_fieldsets = ((None, {"fields": ("user", "name", "scopes", "expires_at")}),)
    fields = ("prefix", "user", "name", "scopes", "expires_at", "created_at", "last_used_at", "revoked_at")

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        kwargs["queryset"] = visible_rows(db_field.related_model, request).filter(is_active=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def make(self, request: HttpRequest, form: TokenForm) -> ApiToken:
        # The raw token is not stored: this message is the only place that shows it.
        values = form.cleaned_data
        token, raw = create_token(
            values["user"],
            Company.objects.visible_to(acting(request)).get(),
            scopes=[Scope(scope) for scope in values["scopes"]],
            expires_at=values["expires_at"],
            name=values["name"],
            by=acting(request).user_id,
        )
        said = format_html("{} {}", gettext("Copy the token now, it is not shown again:"), copyable(raw))
        self.message_user(request, said, messages.SUCCESS, "token")
        return token

    @admin.action(permissions=["write"], description=_("Revoke selected tokens"))
    def revoke_selected(self, request: HttpRequest, queryset: models.QuerySet[ApiToken]) -> None:
        by = acting(request).user_id
        self.for_each(
            request,
            queryset,
            lambda token: revoke_token(str(token.pk), by=by),
            done=gettext("Revoked %(rows)s."),
        )
