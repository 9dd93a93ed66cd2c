"""API tokens."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from crm.actors import ALL_SCOPES, Scope
from crm.database.batches import Batch, delete_in_batches
from crm.errors import NotFound
from crm.models import ApiToken, AuditEvent, Company, Membership, User
from crm.models.tokens import SHOWN_CHARACTERS, hash_token, new_raw_token
from crm.services import audit

#: How old the stored time of the last use may be: reads stay reads, but for one write a minute and token.
USE_RESOLUTION = timedelta(minutes=1)


def create_token(
    user: User,
    company: Company,
    *,
    scopes: Collection[Scope] = ALL_SCOPES,
    expires_at: datetime | None = None,
    name: str = "",
    by: int | None = None,
) -> tuple[ApiToken, str]:
    """Create a token of a user in a company; return its row and the raw token, which is not stored.

    :param by: the id of who creates it, for the audit list.
    :raises ValidationError: if the user is no active member, or the expiry has passed.
    """
    if not Membership.objects.active().filter(user=user, company=company).exists():
        raise ValidationError({"user": f"{user} is not an active member of {company}."})
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError({"expires_at": "The expiry lies in the past."})
    raw = new_raw_token()
    token = ApiToken(
        user=user,
        company=company,
        name=name,
        prefix=raw[:SHOWN_CHARACTERS],
        hash=hash_token(raw),
        scopes=sorted(scope.value for scope in scopes),  # Sets have no order, and the admin shows this list.
        expires_at=expires_at,
    )
    token.full_clean(exclude=["company", "user"])
    with transaction.atomic():
        token.save()
        _record(AuditEvent.TOKEN_CREATED, token, by=by)
    return token, raw


def revoke_token(key: str, *, by: int | None = None) -> ApiToken:
    """Revoke a token, named by the raw token, its shown prefix or its id; twice changes nothing.

    :raises NotFound: if no single token has that name.
    """
    tokens = ApiToken.objects.filter(hash=hash_token(key)) or ApiToken.objects.filter(prefix=key)
    # int() accepts digits of other scripts too.
    if not tokens and key.isascii() and key.isdigit():
        tokens = ApiToken.objects.filter(pk=int(key))
    if len(tokens) != 1:
        raise NotFound("token")
    token = tokens[0]
    # The first time of revocation stays.
    if token.revoked_at is None:
        _revoke([token], by=by)
    return token


def revoke_tokens_of(membership: Membership, *, by: int | None = None) -> None:
    """Revoke the tokens of a member who leaves a company."""
    tokens = ApiToken.objects.filter(user=membership.user_id, company=membership.company_id)
    _revoke(list(tokens.filter(revoked_at=None).select_related("user")), by=by)


@transaction.atomic
def _revoke(tokens: Collection[ApiToken], *, by: int | None) -> None:
    now = timezone.now()
    for token in tokens:
        token.revoked_at = now
        token.save(update_fields=["revoked_at", "updated_at"])
        _record(AuditEvent.TOKEN_REVOKED, token, by=by)


def _record(event: AuditEvent, token: ApiToken, *, by: int | None) -> None:
    audit.record(event, user=token.user, by=by, company=token.company_id, detail=str(token))


def note_use(token_id: int, *, last: datetime | None, now: datetime) -> None:
    """Store when a token was last used, unless the stored time is within ``USE_RESOLUTION``."""
    if last is None or now - last >= USE_RESOLUTION:
        ApiToken.objects.filter(pk=token_id).update(last_used_at=now)


def prune_tokens(*, before: datetime, batch: Batch = transaction.atomic) -> int:
    """Delete the tokens that expired or were revoked before a moment; return how many."""
    bad = ApiToken.objects.filter(Q(expires_at__lt=before) | Q(revoked_at__lt=before))
    return delete_in_batches(bad, batch=batch)
