"""Deliveries to receivers: each kept as it came, made into one lead once, and replayed when it failed."""

import hashlib
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from crm.actors import Actor, Door
from crm.errors import Conflict, CrmError, NotFound
from leads.models import (
    AttemptStatus,
    LeadReceiver,
    LeadRoutingLog,
    ReceiverAttempt,
    RoutingOutcome,
)
from leads.routing.credentials import without_credentials
from leads.services.received_leads import Payload, errors_of, make_lead


def find_receiver(identifier: UUID) -> LeadReceiver:
    """Give the active receiver of an active company that has this UUID, whoever asks.

    :raises NotFound: if there is none.
    """
    rows = LeadReceiver.objects.filter(uuid=identifier, is_active=True, company__is_active=True)
    receiver = rows.first()
    if receiver is None:
        raise NotFound("receiver")
    return receiver


def take_in(receiver: LeadReceiver, payload: Payload, *, key: str | None) -> ReceiverAttempt:
    """Keep a delivery, make its lead, and give the attempt with what became of it.

    The same delivery again gives the first attempt: one of the same key, or one without a key of the same
    payload within the receiver's window. The attempt is committed before its lead is tried: what breaks
    meanwhile leaves it behind as received, to be tried again by its sender or replayed.

    :param key: the sender's idempotency key.
    :raises Conflict: if the key came with another payload before.
    :raises NotFound: if the receiver is deleted meanwhile.
    """
    attempt = _register(receiver, without_credentials(payload), key)
    if attempt.status == AttemptStatus.RECEIVED:
        attempt = process(attempt.pk)
    if attempt.status == AttemptStatus.RECEIVED:
        raise NotFound("receiver")
    return attempt


def fingerprint_of(payload: Payload) -> str:
    """Give what equal payloads have in common, in whatever order their keys are."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def _register(receiver: LeadReceiver, payload: Any, key: str | None) -> ReceiverAttempt:
    fingerprint = fingerprint_of(payload)
    if key is None:
        _wait_for_equal(receiver, fingerprint)
    known = _known(receiver, fingerprint, key)
    if known is None:
        attempt = ReceiverAttempt(
            company_id=receiver.company_id,
            receiver=receiver,
            payload=payload,
            idempotency_key=key,
            fingerprint=fingerprint,
            last_seen_at=timezone.now(),
        )
        if receiver.honeypot and payload.get(receiver.honeypot):
            attempt.status = AttemptStatus.IGNORED
        try:
            with transaction.atomic():
                attempt.save(force_insert=True)
        except IntegrityError:
            # Another delivery with this key was quicker.
            known = _known(receiver, fingerprint, key)
        else:
            return attempt
    if known is None:
        raise Conflict("This delivery could not be kept.")
    if key is not None and known.fingerprint != fingerprint:
        raise Conflict("This Idempotency-Key came with another body before.")
    again = ReceiverAttempt.objects.filter(pk=known.pk)
    again.update(count=F("count") + 1, last_seen_at=timezone.now(), updated_at=timezone.now())
    return known


def _wait_for_equal(receiver: LeadReceiver, fingerprint: str) -> None:
    """Have equal deliveries to a receiver registered one after the other.

    SQLite does that with all writers.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{receiver.pk}:{fingerprint}"]
            )


def _known(receiver: LeadReceiver, fingerprint: str, key: str | None) -> ReceiverAttempt | None:
    attempts = ReceiverAttempt.objects.filter(receiver=receiver).select_related("lead")
    if key is not None:
        return attempts.filter(idempotency_key=key).first()
    begin = timezone.now() - timedelta(minutes=receiver.window_minutes)
    same = attempts.filter(fingerprint=fingerprint, created_at__gt=begin)
    return same.order_by("-pk").first() if receiver.window_minutes else None


@transaction.atomic
def process(attempt_id: int, *, replayer: Actor | None = None) -> ReceiverAttempt:
    """Make the lead of an attempt, under a lock on the attempt; keep the reason where it is refused.

    :param replayer: who has it tried again; else only an attempt that was not tried yet is.
    :raises Conflict: if it is replayed, and made a lead already or has no receiver any more.
    """
    attempt = ReceiverAttempt.objects.select_for_update(of=("self",)).get(pk=attempt_id)
    receiver = attempt.receiver
    if replayer is None and (attempt.status != AttemptStatus.RECEIVED or receiver is None):
        return attempt
    if attempt.status == AttemptStatus.PROCESSED:
        raise Conflict("This attempt made a lead already.")
    if receiver is None:
        raise Conflict("The receiver of this attempt was deleted.")
    if replayer is not None:
        attempt.replayed_at, attempt.replayed_by_id = timezone.now(), replayer.user_id
    try:
        with transaction.atomic():
            attempt.lead = make_lead(receiver, attempt.payload, attempt=attempt)
            attempt.status, attempt.errors = AttemptStatus.PROCESSED, None
    except (ValidationError, CrmError) as refused:
        attempt.lead, attempt.status, attempt.errors = None, AttemptStatus.FAILED, errors_of(refused)
        _log_refusal(attempt, receiver)
    attempt.save()
    return attempt


def _log_refusal(attempt: ReceiverAttempt, receiver: LeadReceiver) -> None:
    told = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in (attempt.errors or {}).items())
    LeadRoutingLog.objects.create(
        company_id=attempt.company_id,
        receiver=receiver,
        rotation_id=receiver.rotation_id,
        attempt=attempt,
        outcome=RoutingOutcome.FAILED,
        door=Door.WEBHOOK.value,
        error=told,
    )
