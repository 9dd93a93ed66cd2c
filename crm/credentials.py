"""What a member may do, by what the database says of the membership and of the token that is shown."""

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
    """An actor, and what the actor was known by: a token, or the session of ``user_id``."""

    actor: Actor
    token_id: int | None
    user_id: int
    expires_at: datetime | None

    @property
    def account(self) -> str:
        """The name under which rates are counted: one for each token, one for all sessions of a user."""
        return f"user:{self.user_id}" if self.token_id is None else f"token:{self.token_id}"

    def has_expired(self, now: datetime) -> bool:
        """Tell whether the token behind this credential is past its expiry; sessions have none here."""
        return self.expires_at is not None and self.expires_at <= now


#: What the rights of a member follow from, in the order of the fields of ``CredentialRow``.
COLUMNS = (
    "user_id",
    "company_id",
    "role",
    "company__uuid",
    "company__lead_visibility",
    "company__registered_documents_only",
)
TOKEN_COLUMNS = ("pk", "name", "scopes", "expires_at", "last_used_at")


@dataclass(frozen=True)
class CredentialRow:
    """A member who shows a credential: the columns that decide, and those of the token if it is one."""

    user_id: int
    company_id: int
    role: str
    company_uuid: UUID
    lead_visibility: str
    registered_documents_only: bool
    token_id: int | None = None
    token_name: str | None = None
    #: A list, or its JSON where the database gives it as text.
    scopes: list[str] | str | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    def credential(self, door: Door) -> Credential:
        """Give what this member may do, coming by a door."""
        scopes = _scopes_in(self.scopes) if isinstance(self.scopes, str) else self.scopes
        actor = Actor(
            user_id=self.user_id,
            company_id=self.company_id,
            role=Role(self.role),
            door=door,
            scopes=ALL_SCOPES if scopes is None else frozenset(map(Scope, scopes)),
            company_sees_all_leads=self.lead_visibility == LeadVisibility.ALL,
            registered_documents_only=self.registered_documents_only,
            opens_all=self.token_id is None,
            via=self.token_name,
        )
        return Credential(
            actor=actor, token_id=self.token_id, user_id=self.user_id, expires_at=self.expires_at
        )


@lru_cache(maxsize=100)
def _scopes_in(text: str) -> frozenset[Scope]:
    return frozenset(map(Scope, json.loads(text)))


def _of_token(**token: object) -> QuerySet[Any, tuple[Any, ...]]:
    # One filter, so that all conditions are about the same token.
    lookups = {f"user__api_tokens__{name}": value for name, value in token.items()}
    of_token = [f"user__api_tokens__{name}" for name in TOKEN_COLUMNS]
    memberships = Membership.objects.active().filter(
        user__api_tokens__company=F("company"), user__api_tokens__revoked_at__isnull=True, **lookups
    )
    return memberships.values_list(*COLUMNS, *of_token)


def _of_member(**member: object) -> QuerySet[Any, tuple[Any, ...]]:
    return Membership.objects.active().filter(**member).values_list(*COLUMNS)


#: The active member who shows a token that is not revoked, by the token's ``hash`` or ``pk``.
token_holders = Prepared(_of_token)
#: The active member that a ``user`` is in a ``company``.
members = Prepared(_of_member)
