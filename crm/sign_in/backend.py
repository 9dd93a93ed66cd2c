"""The authentication backend: Django's own, which looks at no password of a locked account or address."""

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from crm.services.lockout import Try, begin_try, take_back

_ATTRIBUTE = "_counted_try"


def signed_name(credentials: dict[str, Any]) -> str | None:
    """Return the name in the credentials of a sign-in: that of an account, or its e-mail address."""
    name = credentials.get("username") or credentials.get("email")
    return name if isinstance(name, str) else None


def keep_counted_try(request: HttpRequest, tried: Try) -> None:
    """Have the signal of the outcome settle a try that was counted for a request."""
    vars(request)[_ATTRIBUTE] = tried


def take_counted_try(request: HttpRequest | None) -> Try | None:
    """Return the try that was counted for a request, once; None if there is none."""
    return None if request is None else vars(request).pop(_ATTRIBUTE, None)


class Guarded:
    """Mixin for a backend that checks passwords: counts each try before its hash is computed.

    Every view that calls ``django.contrib.auth.authenticate`` is guarded: LockedOut passes through the view,
    and ``config.middleware.RefuseLockedOut`` answers.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        """Return the user whose password was given; None if it is wrong.

        :raises LockedOut: if the account or the address is locked, right or wrong.
        """
        name = signed_name(credentials)
        check: Any = super()
        if name is None or credentials.get("password") is None:
            user: AbstractBaseUser | None = check.authenticate(request, **credentials)
            return user
        # Two guarded backends are one try.
        tried = take_counted_try(request) or begin_try(name)
        user = check.authenticate(request, **credentials)
        if user is not None:
            take_back(tried)
        elif request is not None:
            # Another backend may know the password: the signal of the outcome settles the try.
            keep_counted_try(request, tried)
        return user

    async def aauthenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        # The inherited method would check the password without the guard.
        return await sync_to_async(self.authenticate)(request, **credentials)


class GuardedBackend(Guarded, ModelBackend):  # type: ignore[misc]  # the mixin takes any credentials
    """Names and passwords of accounts."""
