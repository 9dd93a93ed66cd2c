"""From a token or a session to an actor; knows Django's requests, and nothing of GraphQL."""

import json
import re
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from crm.actors import ALL_SCOPES, Actor, Door, Role, Scope
from crm.errors import Forbidden, NotFound, Unauthenticated
from crm.models import Company, LeadVisibility, Membership, User
from crm.models.base import parse_id, parse_uuid
from crm.models.prepared import Prepared
from crm.models.tokens import hash_token
from crm.services import tokens

BEARER = re.compile(r"bearer +([\x21-\x7e]+) *", re.IGNORECASE)
COMPANY_HEADER = "X-Company"
#: Where a session keeps the company that was chosen in the admin.
COMPANY_IN_SESSION = "company_id"


class CredentialExpired(Unauthenticated):
    """A credential that was good until its expiry; to a client it is as bad as any other."""


class CsrfRefused(Forbidden):
    """A session cookie without proof that a page of this site sent it."""

    default_message = "CSRF verification failed."


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


def parse_bearer(header: str) -> str:
    """Give the raw token of an ``Authorization`` header.

    :raises Unauthenticated: if the header is not of the form ``Bearer <token>``.
    """
    if match := BEARER.fullmatch(header):
        return match[1]
    raise Unauthenticated


def authenticate_token(raw: str, *, company_key: str | None = None, door: Door = Door.GRAPHQL) -> Credential:
    """Give the credential of a raw token, by one SQL statement (and a write each minute, of its use).

    :raises CredentialExpired: if the token is known, but past its expiry.
    :raises NotFound: if ``company_key`` is not the id or UUID of the token's company.
    :raises Unauthenticated: if it is unknown or revoked, or its user, company or membership is not active.
    """
    now = timezone.now()
    found = _by_hash.rows(hash=hash_token(raw))
    if not found:
        raise Unauthenticated
    holder = Holder(*found[0])
    credential = holder.credential(door)
    if credential.has_expired(now):
        raise CredentialExpired
    # A token opens its own company alone, whatever else its user belongs to.
    if company_key is not None and not _names(company_key, holder.company_id, holder.company_uuid):
        raise NotFound(COMPANY_HEADER)
    if holder.token_id is not None:
        tokens.note_use(holder.token_id, last=holder.last_used_at, now=now)
    return credential


def authenticate_session(
    user: AbstractBaseUser | AnonymousUser, *, company_key: str | None = None, door: Door = Door.GRAPHQL
) -> Credential:
    """Give the credential of a signed-in user in the company of this id or UUID, else in the usual one.

    :raises NotFound: if the user is no active member of the company named.
    :raises Unauthenticated: if the user is not signed in, not active, or a member nowhere.
    """
    memberships = Membership.objects.active().filter(user=user.pk)
    if company_key is None:
        found = memberships.order_by("-is_default", "pk").values_list(*COLUMNS).first()
        if found is None:
            raise Unauthenticated
        return Holder(*found).credential(door)
    for each in memberships.values_list(*COLUMNS):
        holder = Holder(*each)
        if _names(company_key, holder.company_id, holder.company_uuid):
            return holder.credential(door)
    raise NotFound(COMPANY_HEADER)


def authenticate_request(
    request: HttpRequest, *, door: Door = Door.GRAPHQL, session_reads: bool = False
) -> Credential | None:
    """Give the credential of a request, or None if it brings none.

    An ``Authorization`` header decides alone: if it is bad, the cookie is not looked at. The session cookie
    counts for a POST only, with the CSRF token in its header and from an own Origin.

    :param session_reads: whether it counts for a GET as well, at an address that changes nothing; then in the
        company that was chosen in the admin.
    :raises Unauthenticated: if a token was sent and is not good, or a session has no company.
    :raises CsrfRefused: if the session cookie came from elsewhere.
    :raises NotFound: if ``X-Company`` names a company that does not exist for the caller.
    """
    company_key = request.headers.get(COMPANY_HEADER)
    header = request.headers.get("Authorization")
    if header is not None:
        return authenticate_token(parse_bearer(header), company_key=company_key, door=door)
    counts = request.method == "POST" or (session_reads and request.method in ("GET", "HEAD"))
    if not counts or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    if request.method == "POST":
        _check_csrf(request)
    elif company_key is None and COMPANY_IN_SESSION in request.session:
        company_key = str(request.session[COMPANY_IN_SESSION])
    if not request.user.is_authenticated:
        return None
    return authenticate_session(request.user, company_key=company_key, door=door)


def actor_for(user: User, company: Company, *, door: Door) -> Actor:
    """Give the actor that a user is in a company.

    :raises NotFound: if the user is no member of the company.
    :raises Forbidden: if the user, the company or the membership is not active.
    """
    memberships = Membership.objects.filter(user=user, company=company)
    found = memberships.active().values_list(*COLUMNS).first()
    if found is None:
        raise Forbidden if memberships.exists() else NotFound("company")
    return Holder(*found).credential(door).actor


def still_good(credential: Credential) -> bool:
    """Tell whether a credential would be given again, with the same rights; for sockets that live long."""
    if credential.token_id is not None:
        found = _token_holders(pk=credential.token_id).first()
    else:
        memberships = Membership.objects.active().filter(
            user=credential.user_id, company=credential.actor.company_id
        )
        found = memberships.values_list(*COLUMNS).first()
    if found is None:
        return False
    again = Holder(*found).credential(credential.actor.door)
    return again.actor == credential.actor and not again.has_expired(timezone.now())


#: What the rights of a member follow from, in the order of the fields of ``Holder``.
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
class Holder:
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


def _token_holders(**token: object) -> QuerySet[Any, tuple[Any, ...]]:
    """Give the columns of the active memberships that such a token opens."""
    # One filter, so that all conditions are about the same token.
    lookups = {f"user__api_tokens__{name}": value for name, value in token.items()}
    of_token = [f"user__api_tokens__{name}" for name in TOKEN_COLUMNS]
    memberships = Membership.objects.active().filter(
        user__api_tokens__company=F("company"), user__api_tokens__revoked_at__isnull=True, **lookups
    )
    return memberships.values_list(*COLUMNS, *of_token)


_by_hash = Prepared(_token_holders)


def _names(key: str, company_id: int, company_uuid: UUID) -> bool:
    return parse_id(key) == company_id or parse_uuid(key) == company_uuid


def _check_csrf(request: HttpRequest) -> None:
    # Django looks for the token in the form first, and would read files of strangers for it.
    without_body = copy(request)
    without_body.POST = QueryDict()
    _CsrfCheck(HttpResponse).process_view(without_body, None, (), {})  # type: ignore[arg-type]  # no view is exempt


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseBase:
        # Django's own answer is a page; the caller answers in its own format.
        raise CsrfRefused
