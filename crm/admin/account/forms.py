"""Forms that take a code of the second factor."""

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import get_totp_secret
from django.contrib.auth import user_login_failed
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from redis.exceptions import RedisError

from crm.services import lockout, second_factor
from crm.sign_in.backend import keep_counted_try


class AcceptsCode:
    """Mixin: accepts each code once, and counts a wrong one as a failed sign-in.

    LockedOut passes through the form and its view, as from a wrong password.
    """

    user: Any
    cleaned_data: dict[str, Any]
    authenticator: Any

    def clean_code(self) -> str:
        # Counted before the code is looked at, or guesses sent side by side would all be tried.
        try:
            forgive = check_rate_limit(self.user)
        except RedisError as away:
            raise ValidationError(
                gettext("Codes cannot be checked at the moment. Try again in a minute.")
            ) from away
        name = self.user.get_username()
        tried = lockout.begin_try(name)
        code = str(self.cleaned_data["code"])
        self.authenticator = second_factor.accept_code(self.user, code)
        if self.authenticator is None:
            keep_counted_try(context.request, tried)
            user_login_failed.send(sender=__name__, credentials={"username": name}, request=context.request)
            raise get_adapter().validation_error("incorrect_code")
        forgive()
        lockout.take_back(tried)
        second_factor.encrypt_anew(self.user)
        return code


class CodeForm(AcceptsCode, AuthenticateForm):
    """The code that completes a sign-in."""


class CodeAgainForm(AcceptsCode, ReauthenticateForm):
    """The code that proves again who is there."""


class ActivateForm(ActivateTOTPForm):
    """The first code of an authenticator app; it is not accepted a second time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Opened in two tabs, both show the secret that the code is compared with.
        self.secret = get_totp_secret()
        self.step: int | None = None

    def clean_code(self) -> str:
        code: str = super().clean_code()
        self.step = second_factor.time_step_of(self.secret, code)
        return code
