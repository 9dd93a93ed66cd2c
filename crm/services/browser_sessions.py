"""Sessions of browsers: listed for their users, and ended one by one or all."""

import logging
import re
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, user_logged_in
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from crm.actors import Action, Actor
from crm.models import BrowserSession, User
from crm.request_origin import client_address

logger = logging.getLogger(__name__)

#: A session's use is written at most once in so many seconds.
NOTED_SECONDS = 60
#: What a User-Agent names, most special first: Edge and Opera name Chrome too, and Chrome names Safari.
BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "CriOS": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def device_named_by(agent: str) -> str:
    """Return a short name of the browser and system that a User-Agent header describes."""
    browser = next((name for part, name in BROWSERS.items() if f"{part}/" in agent), None)
    system = next((name for part, name in SYSTEMS.items() if part in agent), None)
    if browser and system:
        return f"{browser} on {system}"
    program = re.match(r"[\w.-]{1,60}", agent, re.ASCII)
    return browser or system or (program[0] if program else "Unknown device")


def note_use(request: HttpRequest) -> None:
    """Store that the session of a request is in use, at most once a minute."""
    key = request.session.session_key
    if key is not None and request.user.is_authenticated and _is_due(key):
        _store(request, key, request.user.pk)


def _is_due(key: str) -> bool:
    # Imported here: it takes long to load, and commands sign nobody in.
    from redis.exceptions import RedisError

    try:
        return cache.add(f"session-seen:{key}", 1, timeout=NOTED_SECONDS)
    except RedisError:
        # A session that is seen too rarely is better than a page that fails with the cache.
        logger.warning("The use of a session is not noted: the cache is away.")
        return False


def _store(request: HttpRequest, key: str, user_id: int) -> None:
    values = {
        "user_id": user_id,
        "device": device_named_by(request.META.get("HTTP_USER_AGENT", "")),
        "address": client_address(request.META),
        "last_seen_at": timezone.now(),
    }
    if BrowserSession.objects.filter(session=key).update(**values):
        return
    try:
        with transaction.atomic():
            BrowserSession.objects.create(session_id=key, **values)
    except IntegrityError:
        # Ended meanwhile by another request: the next one of this browser is refused.
        logger.info("A session ended while it was used.")


def _begin(sender: object, request: HttpRequest, user: User, **_signal: Any) -> None:
    if request.session.session_key is None:
        request.session.save()
    key = request.session.session_key
    if key is not None:
        _is_due(key)
        _store(request, key, user.pk)


user_logged_in.connect(_begin, dispatch_uid="crm.browser_sessions")


def sessions_of(user: User) -> list[BrowserSession]:
    """Return the sessions that sign a user in, last used first."""
    rows = BrowserSession.objects.filter(user=user, session__expire_date__gt=timezone.now())
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return [
        row
        for row in rows.select_related("session").order_by("-last_seen_at", "pk")
        # A change of the password ends sessions without deleting them.
        if any(
            constant_time_compare(row.session.get_decoded().get(HASH_SESSION_KEY, ""), hash_)
            for hash_ in hashes
        )
    ]


@transaction.atomic
def end_session(user: User, key: int) -> bool:
    """End one session of a user; return False if there is none with this key."""
    return _end(Q(browser__user=user, browser__pk=key)) > 0


@transaction.atomic
def end_sessions(user: User, *, keep: str | None = None) -> int:
    """End all sessions of a user, but for the one with the session key ``keep``; return their number."""
    return _end(Q(browser__user=user) & ~Q(pk=keep))


@transaction.atomic
def end_sessions_of_member(user: User, *, actor: Actor) -> int:
    """End all sessions of a member of the actor's company, who then signs in again."""
    actor.require(Action.MANAGE_COMPANY)
    return end_sessions(User.objects.find(actor, str(user.pk), argument="user_id"))


def _end(condition: Q) -> int:
    # Requests and open sockets read the session anew: without its row nobody is signed in.
    _count, deleted = Session.objects.filter(condition).delete()
    return deleted.get("sessions.Session", 0)
