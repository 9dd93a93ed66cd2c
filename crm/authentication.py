"""Authentication: turn a token or a session into a credential. Knows Django's requests, but not GraphQL."""

import re
from collections.abc import Callable
from copy import copy
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from crm.actors import Actor, Door
from crm.credentials import (
    COLUMNS,
    Credential,
    CredentialRow,
    members,
    memberships_of_session,
    token_holders,
)
from crm.database.keys import parse_id, parse_uuid
from crm.database.statements import Prepared
from crm.errors import CrmError, Forbidden, NotFound, SecondFactorMissing, Unauthenticated
from crm.models import Company, Membership, User
from crm.models.tokens import hash_token
from crm.services import browser_sessions, second_factor, tokens

BEARER = re.compile(r"bearer +([\x21-\x7e]+) *", re.IGNORECASE)
COMPANY_HEADER = "X-Company"
#: The session key of the company chosen in the admin.
COMPANY_IN_SESSION = "company_id"

#: Runs a query with values and returns its rows, as ``Prepared.rows`` does.
FetchRows = Callable[..., list[tuple[Any, ...]]]


class CredentialExpired(Unauthenticated):
    """The token is known but past its expiry. Clients get the same answer as for an unknown token."""


class CsrfRefused(Forbidden):
    """The request has a session cookie, but no proof that a page of this site sent it."""

    default_message = "CSRF verification failed."


def parse_bearer(header: str) -> str:
    """Return the raw token of an ``Authorization`` header ``Bearer <token>``; refuse any other form."""
    if match := BEARER.fullmatch(header):
        return match[1]
    raise Unauthenticated


def authenticate_token(
    raw: str,
    *,
    company_key: str | None = None,
    door: Door = Door.GRAPHQL,
    fetch: FetchRows = Prepared.rows,
) -> Credential:
    """Return the credential of a raw token: one SQL statement, and once a minute a write of the token's use.

    ``company_key`` must be the id or UUID of the token's company; ``fetch`` runs the statement.
    """
    now = timezone.now()
    found = fetch(token_holders, hash=hash_token(raw))
    if not found:
        raise Unauthenticated
    row = CredentialRow(*found[0])
    credential = row.credential(door)
    if credential.has_expired(now):
        raise CredentialExpired
    # A token is limited to its own company, even if its user belongs to others.
    if company_key is not None and not _names(company_key, row.company_id, row.company_uuid):
        raise NotFound(COMPANY_HEADER)
    if row.token_id is not None:
        tokens.note_use(row.token_id, last=row.last_used_at, now=now)
    return credential


def authenticate_session(
    user: AbstractBaseUser | AnonymousUser, *, company_key: str | None = None, door: Door = Door.GRAPHQL
) -> Credential:
    """Return the credential of a signed-in user in the company with this id or UUID, or the default one.

    :raises SecondFactorMissing: if the user has to set up a second factor first.
    """
    # Compiled once: each page of the admin begins with it, and composing it took longer than running it.
    for values in memberships_of_session.rows(user=user.pk):
        row = CredentialRow(*values)
        if company_key is None or _names(company_key, row.company_id, row.company_uuid):
            return row.credential(door)
    refusal: CrmError = Unauthenticated() if company_key is None else NotFound(COMPANY_HEADER)
    if second_factor.is_missing(user):
        raise SecondFactorMissing
    raise refusal


def authenticate_request(
    request: HttpRequest, *, door: Door = Door.GRAPHQL, session_reads: bool = False
) -> Credential | None:
    """Return the credential of a request, or None if it has none.

    A bad ``Authorization`` header is refused without trying the session. A session counts only on a POST with
    the CSRF token, from a trusted origin; ``session_reads`` accepts it on GET and HEAD too, at URLs that
    change nothing, in the company chosen in the admin.
    """
    company_key = request.headers.get(COMPANY_HEADER)
    header = request.headers.get("Authorization")
    if header is not None:
        return authenticate_token(parse_bearer(header), company_key=company_key, door=door)
    accepts_session = request.method == "POST" or (session_reads and request.method in ("GET", "HEAD"))
    if not accepts_session or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    if request.method == "POST":
        _check_csrf(request)
    elif company_key is None and COMPANY_IN_SESSION in request.session:
        company_key = str(request.session[COMPANY_IN_SESSION])
    if not request.user.is_authenticated:
        return None
    credential = authenticate_session(request.user, company_key=company_key, door=door)
    browser_sessions.note_use(request)
    return credential


def actor_for(user: User, company: Company, *, door: Door) -> Actor:
    """Return the actor of a user in a company; refuse if one of them is missing or inactive."""
    memberships = Membership.objects.filter(user=user, company=company)
    found = memberships.active().values_list(*COLUMNS).first()
    if found is None:
        raise Forbidden if memberships.exists() else NotFound("company")
    return CredentialRow(*found).credential(door).actor


def still_good(credential: Credential) -> bool:
    """Return whether authenticating again would give the same rights. Open connections check regularly."""
    if credential.token_id is not None:
        found = token_holders.rows(pk=credential.token_id)
    else:
        found = members.rows(user=credential.user_id, company=credential.actor.company_id)
    if not found:
        return False
    current = CredentialRow(*found[0]).credential(credential.actor.door)
    return current.actor == credential.actor and not current.has_expired(timezone.now())


def _names(key: str, company_id: int, company_uuid: UUID) -> bool:
    return parse_id(key) == company_id or parse_uuid(key) == company_uuid


def _check_csrf(request: HttpRequest) -> None:
    # Django looks for the token in the form first, and would parse uploads of unauthenticated clients for it.
    without_body = copy(request)
    without_body.POST = QueryDict()
    _CsrfCheck(HttpResponse).process_view(without_body, None, (), {})  # type: ignore[arg-type]  # no view is exempt


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseBase:
        # Django would answer with an HTML page; the caller answers in its own format.
        raise CsrfRefused
