"""Settings of mail and of single sign-on, read from the environment."""

from importlib.util import find_spec
from typing import Any, TypedDict
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

#: In seconds, so that a mail server that hangs does not hold a thread.
MAIL_TIMEOUT = 10
ROLES = ("VIEWER", "AGENT", "MANAGER", "ADMIN")


class SingleSignOn(TypedDict):
    """The provider of OpenID Connect, and what becomes of people who have no account."""

    name: str
    join_company: str
    join_role: str


def mail_server(url: str, *, debug: bool) -> dict[str, Any]:
    """Return Django's settings for the URL of a mail server; without one, debug prints mails.

    Errors do not repeat the URL, which may contain a password.
    """
    if not url:
        kind = "console" if debug else "dummy"
        return {"EMAIL_BACKEND": f"django.core.mail.backends.{kind}.EmailBackend"}
    shape = "EMAIL_URL must read smtp://, smtp+tls:// or smtp+ssl://USER:PASSWORD@HOST:PORT"
    scheme = url.partition("://")[0]
    if scheme not in ("smtp", "smtp+tls", "smtp+ssl", "smtps"):
        raise ImproperlyConfigured(f"{shape}.")
    try:
        parsed: dict[str, Any] = environ.Env.email_url_config(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"{shape}; the present one cannot be parsed.") from error
    if not parsed.get("EMAIL_HOST"):
        raise ImproperlyConfigured(f"{shape}; the present one names no host.")
    return {**parsed, "EMAIL_TIMEOUT": MAIL_TIMEOUT}


def single_sign_on(
    *, issuer: str, client: str, secret: str, name: str, company: str, role: str, debug: bool
) -> tuple[SingleSignOn, dict[str, Any]] | None:
    """Return the settings of OpenID Connect, ours and django-allauth's; None if no issuer is named."""
    issuer = issuer.strip().rstrip("/")
    if not issuer:
        return None
    # Over http anybody on the way could sign in as anybody.
    if not debug and urlsplit(issuer).scheme != "https":
        raise ImproperlyConfigured("OIDC_ISSUER must begin with https://.")
    if not client or not secret:
        raise ImproperlyConfigured("OIDC_ISSUER is set: set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET too.")
    if find_spec("jwt") is None or find_spec("oauthlib") is None:
        raise ImproperlyConfigured('OIDC_ISSUER is set: install the extra, pip install "open-crm[sso]".')
    role = role.upper()
    if bool(company) != bool(role) or (role and role not in ROLES):
        raise ImproperlyConfigured(
            "Set both OIDC_JOIN_COMPANY, the id of a company, and OIDC_JOIN_ROLE: viewer, agent, manager"
            " or admin."
        )
    name = name or urlsplit(issuer).hostname or issuer
    app = {
        "provider_id": "oidc",
        "name": name,
        "client_id": client,
        "secret": secret,
        "settings": {"server_url": issuer, "oauth_pkce_enabled": True},
    }
    ours = SingleSignOn(name=name, join_company=company, join_role=role)
    return ours, {"openid_connect": {"APPS": [app]}}
