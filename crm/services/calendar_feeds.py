"""Addresses of calendar feeds: made, renewed, revoked, and found by their secret."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from crm.actors import Action, Actor
from crm.models import AuditEvent, CalendarFeed, Membership, User
from crm.models.tokens import hash_token
from crm.request_origin import public_address
from crm.services import audit
from crm.services.tokens import USE_RESOLUTION

#: Random bytes of a secret, which nobody can guess.
SECRET_BYTES = 32
#: HTTP tells times to the second.
SECOND = timedelta(seconds=1)


@transaction.atomic
def create_feed(*, actor: Actor) -> tuple[CalendarFeed, str]:
    """Make the acting member's calendar address, and return it; a former one ends.

    Only the hash of its secret is stored, so the address cannot be shown again.
    """
    actor.require(Action.CHANGE_CALENDAR)
    memberships = Membership.objects.visible_to(actor).active().select_for_update(of=("self",))
    membership = memberships.select_related("user").get(user=actor.user_id)
    secret = _new_secret()
    CalendarFeed.objects.filter(membership=membership).delete()
    feed = CalendarFeed.objects.create(membership=membership, hash=hash_token(secret))
    _record(AuditEvent.CALENDAR_CREATED, membership, by=actor.user_id)
    return feed, url_of(secret)


def _new_secret() -> str:
    # Hexadecimal: no sign of it ends a link that a mail program finds in a text.
    return secrets.token_hex(SECRET_BYTES)


def url_of(secret: str) -> str:
    return f"{public_address()}{reverse('calendar', args=[secret])}"


def calendars_of(user: User) -> list[Membership]:
    """Return the active memberships of a user, each with its calendar feed if it has one."""
    memberships = Membership.objects.active().filter(user=user)
    return list(memberships.select_related("company", "calendar_feed").order_by("company__name", "pk"))


def revoke_feed(*, actor: Actor) -> bool:
    """End the acting member's calendar address; return whether there was one."""
    actor.require(Action.CHANGE_CALENDAR)
    membership = Membership.objects.visible_to(actor).select_related("user").get(user=actor.user_id)
    return revoke_feed_of(membership, by=actor.user_id)


@transaction.atomic
def revoke_feed_of(membership: Membership, *, by: int | None = None) -> bool:
    """End the calendar address of a member, such as one who leaves; return whether there was one."""
    deleted, _ = CalendarFeed.objects.filter(membership=membership).delete()
    if deleted:
        _record(AuditEvent.CALENDAR_REVOKED, membership, by=by)
    return bool(deleted)


def _record(event: AuditEvent, membership: Membership, *, by: int | None) -> None:
    audit.record(event, user=membership.user, by=by, company=membership.company_id)


def find_feed(secret: str) -> CalendarFeed | None:
    """Return the feed with this secret of an active member, or None.

    Only hashes are compared, so the time of a search does not tell how much of a guess was right.
    """
    found: CalendarFeed | None = (
        CalendarFeed.objects.filter(
            hash=hash_token(secret), membership__in=Membership.objects.active().values("pk")
        )
        .select_related("membership__user", "membership__company")
        .first()
    )
    return found


def note_use(feed: CalendarFeed) -> None:
    """Store when a feed was last read, to the minute: most reads write nothing."""
    now = timezone.now()
    if feed.last_used_at is None or now - feed.last_used_at >= USE_RESOLUTION:
        CalendarFeed.objects.filter(pk=feed.pk).update(last_used_at=now)


def content_state(feed: CalendarFeed, content: bytes) -> tuple[str, datetime]:
    """Return the hash of a feed's content, and since when it has been so; store both if it has changed.

    An entry that was deleted or handed to somebody else leaves no date, so the content itself is compared.
    """
    content_hash = hashlib.sha256(content).hexdigest()
    since = feed.content_changed_at
    if since is None or feed.content_hash != content_hash:
        now = timezone.now().replace(microsecond=0)
        # A later content has a later time, also if both were read within a second.
        since = now if since is None else max(now, since + SECOND)
        CalendarFeed.objects.filter(pk=feed.pk).update(content_hash=content_hash, content_changed_at=since)
    return content_hash, since
