"""Fits django-allauth to the product: which accounts exist, who signs in, and how secrets are stored."""

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.request_origin import client_address
from crm.services import encryption, second_factor


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by administrators and operators alone, and sign in with the product's own backend."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: Any) -> None:
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request.META) or ""

    def is_reauthentication_required(self, *, app: str, **kwargs: object) -> bool:
        """Return whether the user has to prove again who is there; not so just after signing in."""
        records = get_authentication_records(context.request, context.request.user)
        latest = max((record["at"] for record in records), default=0)
        return bool(time.time() - latest > app_settings.REAUTHENTICATION_TIMEOUT)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets are encrypted with the secret key, and a required factor cannot be removed."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is wrong, or was used before. Enter the code that the app shows now."),
        "cannot_delete_authenticator": _("A company of yours requires a second factor."),
    }

    def get_totp_label(self, user: Any) -> str:
        return str(user.get_username())

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not second_factor.is_required(authenticator.user)
