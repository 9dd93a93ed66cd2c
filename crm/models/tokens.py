"""API tokens: the credentials of programs."""

import hashlib
import secrets
from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from crm.actors import Actor, Scope
from crm.models.base import TenantModel

TOKEN_START = "crm_"  # noqa: S105 - a visible prefix, so that leaked tokens can be found by scanners
SHOWN_CHARACTERS = 12


def hash_token(raw: str) -> str:
    """Return the SHA-256 of a raw token in hexadecimal."""
    # No salt and no slow hash: nobody can guess 256 random bits.
    return hashlib.sha256(raw.encode()).hexdigest()


def new_raw_token() -> str:
    """Return a new raw token of 256 random bits; it is shown once and never stored."""
    return TOKEN_START + secrets.token_urlsafe(32)


def default_scopes() -> list[str]:
    # What cannot be undone has to be asked for.
    return [Scope.READ.value, Scope.WRITE.value]


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(company_id=actor.company_id)


class ApiToken(TenantModel):
    """A hashed bearer token of one user for one company."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=120, blank=True)
    prefix = models.CharField(max_length=16, editable=False)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=default_scopes)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[models.Manager["ApiToken"]] = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}".strip()

    def is_good(self, now: datetime | None = None) -> bool:
        """Return whether the token is valid: neither revoked nor expired."""
        now = now or timezone.now()
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
