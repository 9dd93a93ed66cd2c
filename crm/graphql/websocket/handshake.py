"""Who opens a socket: the host and page it came from, and the credential it brings. Runs in threads."""

from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from crm.authentication import (
    COMPANY_HEADER,
    authenticate_session,
    authenticate_token,
    parse_bearer,
    still_good,
)
from crm.credentials import Credential
from crm.errors import Unauthenticated


class HandshakeRefused(Exception):
    """A handshake for another host, or from a page of another site."""


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """The request that opened a socket; ``from_own_page`` says that its session cookie counts."""

    request: ASGIRequest
    from_own_page: bool


def read_handshake(scope: dict[str, Any]) -> Handshake:
    """Hold ``Host`` and ``Origin`` of a handshake against the settings, as Django does for a POST.

    A missing ``Origin`` is no browser's: it is let in, but its cookie does not count.

    :raises HandshakeRefused: if the host or the origin is not ours.
    """
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    request = ASGIRequest({**scope, "method": "GET", "scheme": scheme}, BytesIO())
    try:
        request.get_host()
    except DisallowedHost as error:
        raise HandshakeRefused from error
    if "HTTP_ORIGIN" not in request.META:
        return Handshake(request=request, from_own_page=False)
    if not CsrfViewMiddleware(HttpResponse)._origin_verified(request):  # type: ignore[attr-defined]  # private to Django
        raise HandshakeRefused
    return Handshake(request=request, from_own_page=True)


def authenticate(handshake: Handshake, payload: dict[str, Any]) -> Credential:
    """Give the credential of a ``connection_init``: its ``Authorization``, else the session of our own page.

    The keys of the payload are read like headers, in any case; ``X-Company`` names the company.

    :raises CredentialExpired: if the token is past its expiry.
    :raises NotFound: if the company named does not exist for the caller.
    :raises Unauthenticated: if there is no credential, or it is not good.
    """
    headers = {key.lower(): value for key, value in payload.items()}
    company = headers.get(COMPANY_HEADER.lower())
    company_key = None if company is None else str(company)
    authorization = headers.get("authorization")
    if authorization is not None:
        return authenticate_token(parse_bearer(str(authorization)), company_key=company_key)
    if not handshake.from_own_page:
        raise Unauthenticated
    return authenticate_session(session_user(handshake.request), company_key=company_key)


def is_still_good(handshake: Handshake, credential: Credential) -> bool:
    """Tell whether the credential would be given again, with the same rights."""
    if credential.token_id is None and session_user(handshake.request).pk != credential.user_id:
        return False
    return still_good(credential)


def session_user(request: ASGIRequest) -> AbstractBaseUser | AnonymousUser:
    """Give who is signed in by the session of a request, as it is now."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    # A store of its own each time: a store remembers what it once read.
    request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    return get_user(request)
