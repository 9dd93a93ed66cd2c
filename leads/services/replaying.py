"""Replay deliveries that made no lead."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Conflict, ConflictReason
from crm.models.base import TenantQuerySet
from leads.models import AttemptStatus, LeadReceiver, ReceiverAttempt
from leads.services.receiver_attempts import process

MOST_AT_ONCE = 100
#: The outcomes that can be replayed: refused, interrupted, and waiting for somebody who is known.
REPLAYABLE = (AttemptStatus.FAILED, AttemptStatus.RECEIVED, AttemptStatus.UNMATCHED)


@transaction.atomic
def replay_attempt(key: object, *, actor: Actor) -> ReceiverAttempt:
    """Try a delivery again by the present template and rules, and store the reason if it is refused again.

    :raises Conflict: if it has made a lead, or its receiver was deleted.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    attempt = ReceiverAttempt.objects.find(actor, key)
    return process(attempt.pk, replayer=actor)


@transaction.atomic
def replay_attempts(keys: Sequence[object], *, actor: Actor) -> list[ReceiverAttempt]:
    """Try several deliveries again; a refusal of one does not stop the others.

    :raises Conflict: if one has made a lead, or its receiver was deleted; then none is tried.
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
        raise Conflict(ConflictReason.EXISTS, "Some of these attempts have already taken effect.", ids=done)
    # Always in the same order: otherwise two replays of the same attempts could deadlock.
    return [process(pk, replayer=actor) for pk in sorted(found)]


def replayable_attempts(
    *,
    actor: Actor,
    receiver: LeadReceiver | None = None,
    since: datetime | None = None,
    status: str | None = None,
) -> TenantQuerySet[ReceiverAttempt]:
    """Return the deliveries that can be replayed, the oldest first."""
    # A body that cannot be decoded is refused again for certain.
    rows = ReceiverAttempt.objects.visible_to(actor)
    attempts = rows.filter(receiver__isnull=False, raw_body__isnull=True)
    attempts = attempts.filter(status__in=[status] if status else REPLAYABLE)
    if receiver is not None:
        attempts = attempts.filter(receiver=receiver)
    if since is not None:
        attempts = attempts.filter(created_at__gte=since)
    return attempts.order_by("pk")
