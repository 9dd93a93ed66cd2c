"""Trying deliveries again that made no lead."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Conflict
from crm.models.base import TenantQuerySet
from leads.models import AttemptStatus, LeadReceiver, ReceiverAttempt
from leads.services.deliveries import process

MOST_AT_ONCE = 100
#: What is looked for where nothing else is said: what was refused, and what broke off.
UNDONE = (AttemptStatus.FAILED, AttemptStatus.RECEIVED)


@transaction.atomic
def replay_attempt(key: object, *, actor: Actor) -> ReceiverAttempt:
    """Try a delivery again by the present template and rules; what is refused again stays with its reason.

    :raises NotFound: if the attempt does not exist for the actor.
    :raises Conflict: if it made a lead already, or its receiver was deleted.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    attempt = ReceiverAttempt.objects.find(actor, key)
    return process(attempt.pk, replayer=actor)


@transaction.atomic
def replay_attempts(keys: Sequence[object], *, actor: Actor) -> list[ReceiverAttempt]:
    """Try several deliveries again, each for itself, unless one of them cannot be tried at all.

    :raises NotFound: naming the key, if an attempt does not exist for the actor.
    :raises Conflict: if one made a lead already, or its receiver was deleted; then none is tried.
    :raises ValidationError: if there are none, or too many.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    if not 1 <= len(keys) <= MOST_AT_ONCE:
        raise ValidationError({"ids": [f"Give 1 to {MOST_AT_ONCE} attempts."]})
    found = {
        attempt.pk: attempt
        for index, key in enumerate(keys)
        for attempt in [ReceiverAttempt.objects.find(actor, key, argument=f"ids.{index}")]
    }
    done = [str(pk) for pk, attempt in found.items() if attempt.status == AttemptStatus.PROCESSED]
    if done:
        raise Conflict("Some of these attempts made a lead already.", ids=done)
    # In one order, whoever asks: two replays do not wait for each other.
    return [process(pk, replayer=actor) for pk in sorted(found)]


def undone_attempts(
    *,
    actor: Actor,
    receiver: LeadReceiver | None = None,
    since: datetime | None = None,
    status: str | None = None,
) -> TenantQuerySet[ReceiverAttempt]:
    """Give the deliveries that can be replayed, the oldest first.

    :param status: only those of this one.
    """
    wanted: dict[str, Any] = {"status__in": [status] if status else UNDONE, "receiver__isnull": False}
    if receiver is not None:
        wanted["receiver"] = receiver
    if since is not None:
        wanted["created_at__gte"] = since
    return ReceiverAttempt.objects.visible_to(actor).filter(**wanted).order_by("pk")
