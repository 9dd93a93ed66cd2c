"""People who sign in with a password, and their authenticator apps."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth import user_login_failed
from django.test import Client
from django.urls import reverse

from crm.models import User
from tests.factories.crm import Tenant

PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def nothing_counted(settings: Any) -> None:
    """Forget which codes and links were asked for in the test before."""
    # Under another prefix: to clear Redis would clear what tests beside this one keep there.
    default = {**settings.CACHES["default"], "KEY_PREFIX": uuid4().hex}
    settings.CACHES = {**settings.CACHES, "default": default}


@pytest.fixture
def agent(tenant: Tenant) -> User:
    """A member with a password."""
    user = tenant.users["agent"]
    user.is_staff = True
    user.email = "agent@example.com"
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(user: User, **headers: str) -> tuple[Client, Any]:
    """Return a browser, and the answer to name and password."""
    browser = Client(headers=headers)
    form = {"username": user.username, "password": PASSWORD}
    return browser, browser.post(reverse("admin:login"), form)


def code_of(secret: str, *, later: int = 0) -> str:
    """Return what an authenticator app shows now, or some half minutes later."""
    _before, now, _after = yield_hotp_counters_from_time()
    return str(format_hotp_value(hotp_value(secret, now + later)))


def set_up(browser: Client) -> tuple[str, list[str]]:
    """Set up a second factor as a person does; return the app's secret and the recovery codes."""
    page = browser.get(reverse("mfa_activate_totp"))
    secret: str = page.context["secret"].replace(" ", "")
    answer = browser.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}, follow=True)
    codes = re.findall(r"<code>(\w+)</code>", answer.content.decode())
    assert len(codes) == 10
    return secret, codes


def enter(browser: Client, code: str) -> bool:
    """Enter a code on the second page of sign-in; return whether it was accepted."""
    answer = browser.post(reverse("mfa_authenticate"), {"code": code})
    return bool(answer.status_code == 302 and answer.headers["Location"] == reverse("admin:index"))


@pytest.fixture
def failures() -> Iterator[list[dict[str, Any]]]:
    """The credentials of all failed sign-ins."""
    heard: list[dict[str, Any]] = []

    def hear(credentials: dict[str, Any], **_signal: object) -> None:
        heard.append(credentials)

    user_login_failed.connect(hear)
    yield heard
    user_login_failed.disconnect(hear)
