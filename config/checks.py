"""Checks whether the fast path may skip the middleware; apart from it, to load no GraphQL for commands."""

from collections.abc import Sequence

from django.apps.config import AppConfig
from django.conf import settings
from django.core import checks

#: All middleware that the fast path knows, in the order of the settings. What one of them decides about a
#: GraphQL POST with a token, and the headers that it adds, must depend only on
#: ``config.fast_path.deciding_names()``; except for ``request_id``, whose work the fast path does itself.
FAST_PATH_MIDDLEWARE = (
    "config.middleware.request_id",
    "config.middleware.security_headers",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.failures.Sessions",
    "django.middleware.common.CommonMiddleware",
    "config.cors.Cors",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Looks at the pages of the admin and of signing in alone.
    "config.languages.language",
    "django.contrib.messages.middleware.MessageMiddleware",
    # Only makes the request known to allauth's own pages; touches the answer of such pages alone.
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.RefuseLockedOut",
    "config.failures.DatabaseFailures",
)


def middleware_difference() -> str | None:
    """Return how MIDDLEWARE differs from what the fast path knows, None if it does not."""
    present = tuple(settings.MIDDLEWARE)
    if present == FAST_PATH_MIDDLEWARE:
        return None
    unknown = [name for name in present if name not in FAST_PATH_MIDDLEWARE]
    missing = [name for name in FAST_PATH_MIDDLEWARE if name not in present]
    parts = [
        f"{label} {', '.join(names)}"
        for label, names in (("unknown", unknown), ("missing", missing))
        if names
    ]
    return "; ".join(parts) or "another order"


@checks.register
def check_fast_path(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn if the fast path is switched on, but off because of middleware that it does not know."""
    difference = middleware_difference() if settings.GRAPHQL_FAST_PATH else None
    if difference is None:
        return []
    return [
        checks.Warning(
            f"The GraphQL fast path is off, because MIDDLEWARE differs from what it knows: {difference}.",
            hint="GraphQL is served correctly, but each request takes more CPU. To accept that, set"
            " GRAPHQL_FAST_PATH=false. If the middleware has no effect on GraphQL POSTs with a token, change"
            " FAST_PATH_MIDDLEWARE in config/checks.py to match MIDDLEWARE.",
            id="crm.W003",
        )
    ]
