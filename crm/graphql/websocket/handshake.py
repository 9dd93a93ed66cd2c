"""Checks who opens a socket: host, origin and credential. The functions run in threads."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO

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
from crm.origins import is_allowed


class HandshakeRefused(Exception):
    """Raised for a handshake to another host, or from a page of another site."""


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """The request that opened a socket; ``from_own_page`` says whether its session cookie counts."""

    request: ASGIRequest
    from_own_page: bool


def read_handshake(scope: Mapping[str, object]) -> Handshake:
    """Check ``Host`` and ``Origin`` of a handshake against the settings, as Django does for a POST."""
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    request = ASGIRequest({**scope, "method": "GET", "scheme": scheme}, BytesIO())
    try:
        request.get_host()
    except DisallowedHost as error:
        raise HandshakeRefused from error
    if "HTTP_ORIGIN" not in request.META:
        # Every browser sends Origin. Other clients may connect, but not with a session cookie.
        return Handshake(request=request, from_own_page=False)
    if CsrfViewMiddleware(HttpResponse)._origin_verified(request):  # type: ignore[attr-defined]  # private to Django
        return Handshake(request=request, from_own_page=True)
    if is_allowed(request.META["HTTP_ORIGIN"]):
        # Another site whose pages may call the API, each with a token of its own.
        return Handshake(request=request, from_own_page=False)
    raise HandshakeRefused


def authenticate(handshake: Handshake, payload: Mapping[str, object]) -> Credential:
    """Return the credential of a ``connection_init``: its token, or the session of a page of this site.

    The keys of the payload are read like headers, in upper or lower case; ``X-Company`` names the company.
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
    """Return whether authenticating again would lead to the same credential and rights."""
    if credential.token_id is None and session_user(handshake.request).pk != credential.user_id:
        return False
    return still_good(credential)


def session_user(request: ASGIRequest) -> AbstractBaseUser | AnonymousUser:
    """Return the user who is signed in by the session of a request, read from the store."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    # A new store each time, because a store caches what it has read.
    request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    return get_user(request)
