"""From a token or a session to an actor; knows Django's requests, and nothing of GraphQL."""

import re
from copy import copy
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from crm.actors import Actor, Door
from crm.credentials import COLUMNS, Credential, CredentialRow, members, token_holders
from crm.database.keys import parse_id, parse_uuid
from crm.database.piggyback import Piggyback, fetch_with
from crm.errors import Forbidden, NotFound, Unauthenticated
from crm.models import Company, Membership, User
from crm.models.tokens import hash_token
from crm.services import tokens

BEARER = re.compile(r"bearer +([\x21-\x7e]+) *", re.IGNORECASE)
COMPANY_HEADER = "X-Company"
#: Where a session keeps the company that was chosen in the admin.
COMPANY_IN_SESSION = "company_id"
#: Tokens of which a process knows who came with them the last time.
MOST_EXPECTED = 10_000
_expected: dict[str, Credential] = {}


class CredentialExpired(Unauthenticated):
    """A credential that was good until its expiry; to a client it is as bad as any other."""


class CsrfRefused(Forbidden):
    """A session cookie without proof that a page of this site sent it."""

    default_message = "CSRF verification failed."


def parse_bearer(header: str) -> str:
    """Give the raw token of an ``Authorization`` header.

    :raises Unauthenticated: if the header is not of the form ``Bearer <token>``.
    """
    if match := BEARER.fullmatch(header):
        return match[1]
    raise Unauthenticated


def predicted_credential(header: str) -> Credential | None:
    """Give the credential that a header ``Authorization`` had the last time: a guess, and no right."""
    match = BEARER.fullmatch(header)
    return _expected.get(hash_token(match[1])) if match else None


def authenticate_token(
    raw: str,
    *,
    company_key: str | None = None,
    door: Door = Door.GRAPHQL,
    companion: Piggyback | None = None,
) -> Credential:
    """Give the credential of a raw token, by one SQL statement (and a write each minute, of its use).

    :param companion: is sent with the statement.
    :raises CredentialExpired: if the token is known, but past its expiry.
    :raises NotFound: if ``company_key`` is not the id or UUID of the token's company.
    :raises Unauthenticated: if it is unknown or revoked, or its user, company or membership is not active.
    """
    now = timezone.now()
    digest = hash_token(raw)
    found = fetch_with(companion, token_holders, hash=digest)
    _expected.pop(digest, None)
    if not found:
        raise Unauthenticated
    holder = CredentialRow(*found[0])
    credential = holder.credential(door)
    if credential.has_expired(now):
        raise CredentialExpired
    # A token opens its own company alone, whatever else its user belongs to.
    if company_key is not None and not _names(company_key, holder.company_id, holder.company_uuid):
        raise NotFound(COMPANY_HEADER)
    if holder.token_id is not None:
        tokens.note_use(holder.token_id, last=holder.last_used_at, now=now)
    if len(_expected) >= MOST_EXPECTED:
        _expected.clear()
    _expected[digest] = credential
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
        return CredentialRow(*found).credential(door)
    for each in memberships.values_list(*COLUMNS):
        holder = CredentialRow(*each)
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
    return CredentialRow(*found).credential(door).actor


def still_good(credential: Credential) -> bool:
    """Tell whether a credential would be given again, with the same rights; for sockets that live long."""
    if credential.token_id is not None:
        found = token_holders.rows(pk=credential.token_id)
    else:
        found = members.rows(user=credential.user_id, company=credential.actor.company_id)
    if not found:
        return False
    again = CredentialRow(*found[0]).credential(credential.actor.door)
    return again.actor == credential.actor and not again.has_expired(timezone.now())


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
