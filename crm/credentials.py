"""Credentials: the rights of a member, built from the rows of the membership and of the token, if any."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from crm.actors import ALL_SCOPES, Actor, Door, Role, Scope
from crm.database.statements import Prepared
from crm.models import LeadVisibility, Membership


@dataclass(frozen=True, kw_only=True)
class Credential:
    """An actor, and how the actor authenticated: with a token, or with the session of ``user_id``."""

    actor: Actor
    token_id: int | None
    user_id: int
    expires_at: datetime | None

    @property
    def account(self) -> str:
        """The key of the rate limit: one per token, and one for all sessions of a user."""
        return f"user:{self.user_id}" if self.token_id is None else f"token:{self.token_id}"

    def has_expired(self, now: datetime) -> bool:
        """Return whether the token is past its expiry. Sessions expire in Django, not here."""
        return self.expires_at is not None and self.expires_at <= now


ValuesQuery = QuerySet[Any, tuple[Any, ...]]

#: The columns that decide the rights of a member, in the order of the fields of ``CredentialRow``.
COLUMNS = (
    "user_id",
    "company_id",
    "role",
    "company__uuid",
    "company__lead_visibility",
    "company__registered_documents_only",
    "company__region",
)
TOKEN_COLUMNS = ("pk", "name", "scopes", "expires_at", "last_used_at")


@dataclass(frozen=True)
class CredentialRow:
    """The row behind a credential: ``COLUMNS`` of the member, and ``TOKEN_COLUMNS`` if a token was sent."""

    user_id: int
    company_id: int
    role: str
    company_uuid: UUID
    lead_visibility: str
    registered_documents_only: bool
    region: str
    token_id: int | None = None
    token_name: str | None = None
    #: A list on SQLite; its JSON as text on PostgreSQL, where the compiled statement converts no JSON.
    scopes: list[str] | str | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    def credential(self, door: Door) -> Credential:
        scopes = _scopes_in(self.scopes) if isinstance(self.scopes, str) else self.scopes
        actor = Actor(
            user_id=self.user_id,
            company_id=self.company_id,
            role=Role(self.role),
            door=door,
            scopes=ALL_SCOPES if scopes is None else frozenset(map(Scope, scopes)),
            company_sees_all_leads=self.lead_visibility == LeadVisibility.ALL,
            registered_documents_only=self.registered_documents_only,
            region=self.region,
            opens_all=self.token_id is None,
            via=self.token_name,
        )
        return Credential(
            actor=actor, token_id=self.token_id, user_id=self.user_id, expires_at=self.expires_at
        )


@lru_cache(maxsize=100)
def _scopes_in(text: str) -> frozenset[Scope]:
    return frozenset(map(Scope, json.loads(text)))


def _by_token(**token: object) -> ValuesQuery:
    # All conditions in one filter() call: with several calls, each could match another of the user's tokens.
    lookups = {f"user__api_tokens__{name}": value for name, value in token.items()}
    token_columns = [f"user__api_tokens__{name}" for name in TOKEN_COLUMNS]
    memberships = Membership.objects.active().filter(
        user__api_tokens__company=F("company"), user__api_tokens__revoked_at__isnull=True, **lookups
    )
    return memberships.values_list(*COLUMNS, *token_columns)


def _by_membership(**member: object) -> ValuesQuery:
    return Membership.objects.active().open_to_sessions().filter(**member).values_list(*COLUMNS)


def _by_user(**user: object) -> ValuesQuery:
    memberships = Membership.objects.active().open_to_sessions().filter(**user)
    return memberships.order_by("-is_default", "pk").values_list(*COLUMNS)


#: The active member who owns an unrevoked token, by the token's ``hash`` or ``pk``.
token_holders = Prepared(_by_token)
#: The active membership of a ``user`` in a ``company``, if a session of the user opens it.
members = Prepared(_by_membership)
#: The active memberships of a ``user`` that a session of the user opens, the default one first.
memberships_of_session = Prepared(_by_user)
