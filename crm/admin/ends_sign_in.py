"""Actions of the lists of members and of users: reset a second factor, end sessions."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Actor
from crm.admin.base import acting
from crm.models import User
from crm.services import browser_sessions, second_factor

SIGN_IN_ACTIONS = ("reset_second_factor_selected", "end_sessions_selected")


class EndsSignIn:
    """Mixin: actions on how the selected people sign in, each noted on the history page of its row."""

    for_each: Any
    log_change: Any

    @admin.action(permissions=["write"], description=_("Reset the second factor of selected people"))
    def reset_second_factor_selected(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        def reset(row: Any) -> None:
            second_factor.reset(_user_of(row), actor=_administrator(request, row))
            self.log_change(request, row, "Reset the second factor.")

        self.for_each(request, queryset, reset, done=gettext("Reset the second factor of %(rows)s."))

    @admin.action(permissions=["write"], description=_("End all sessions of selected people"))
    def end_sessions_selected(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        def end(row: Any) -> None:
            actor = _administrator(request, row)
            if actor is None:
                browser_sessions.end_sessions(_user_of(row))
            else:
                browser_sessions.end_sessions_of_member(_user_of(row), actor=actor)
            self.log_change(request, row, "Ended all sessions.")

        self.for_each(request, queryset, end, done=gettext("Ended the sessions of %(rows)s."))


def _user_of(row: Any) -> User:
    user: User = row if isinstance(row, User) else row.user
    return user


def _administrator(request: HttpRequest, row: Any) -> Actor | None:
    # The list of users is an operator's, as superusers are; that of members is an administrator's.
    return None if isinstance(row, User) else acting(request)
