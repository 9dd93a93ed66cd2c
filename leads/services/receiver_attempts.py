"""Deliveries to receivers: each is stored as an attempt, takes effect once, and can be replayed."""

import hashlib
import json
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from crm.actors import Actor, Door
from crm.database.batches import Batch, delete_in_batches
from crm.errors import Conflict, ConflictReason, CrmError, NotFound
from crm.events import outbox
from crm.events.audience import RECEIVER
from crm.services.files import removed_on_failure
from leads.models import (
    AttemptStatus,
    LeadReceiver,
    LeadRoutingLog,
    ReceiverAttempt,
    ReceiverKind,
    RoutingOutcome,
)
from leads.routing.credentials import without_credentials
from leads.routing.drafts import Payload
from leads.routing.leftovers import in_order, needs_order
from leads.routing.raw_bodies import without_credential_bytes
from leads.services.mail_logging import log_mail
from leads.services.received_leads import errors_of, make_lead


def find_receiver(identifier: UUID) -> LeadReceiver:
    """Return the active receiver of web requests with this UUID, of an active company."""
    # Not narrowed to an actor: the sender of a delivery has none, and the UUID is the address.
    rows = LeadReceiver.objects.filter(uuid=identifier, is_active=True, company__is_active=True)
    rows = rows.filter(kind=ReceiverKind.WEB)
    receiver = rows.first()
    if receiver is None:
        raise NotFound("receiver")
    return receiver


def receive(receiver: LeadReceiver, payload: Payload, *, key: str | None) -> ReceiverAttempt:
    """Store a delivery, make its lead, and return the attempt with its outcome.

    A repeated delivery returns the first attempt. It is repeated if its key is the same, or without a key, if
    its payload is equal and within the receiver's window.

    :param key: the sender's idempotency key.
    :raises Conflict: if the key was used with another payload.
    :raises NotFound: if the receiver is deleted meanwhile.
    """
    # Committed before its lead is tried: a crash leaves it behind as RECEIVED, to be replayed.
    attempt = _register(receiver, without_credentials(payload), key)
    if attempt.status == AttemptStatus.RECEIVED:
        attempt = process(attempt.pk)
    if attempt.status == AttemptStatus.RECEIVED:
        raise NotFound("receiver")
    return attempt


@transaction.atomic
def keep_undecodable(receiver: LeadReceiver, body: bytes, content_type: str, reason: str) -> None:
    """Store a delivery that cannot be decoded as a refused attempt: its bytes, without credentials.

    An idempotency key is left free, so that the sender can use it for the same delivery in UTF-8.
    """
    raw = without_credential_bytes(body, content_type)
    fingerprint = hashlib.sha256(b"raw body:" + raw).hexdigest()
    lock_fingerprint(receiver, fingerprint)
    earlier = _find_earlier(receiver, fingerprint, None)
    if earlier is not None:
        count_again(earlier)
        return
    attempt = ReceiverAttempt(
        company_id=receiver.company_id,
        receiver=receiver,
        status=AttemptStatus.FAILED,
        payload={},
        raw_body=raw,
        fingerprint=fingerprint,
        errors={"body": [reason]},
        last_seen_at=timezone.now(),
    )
    attempt.save(force_insert=True)
    _log_refusal(attempt, receiver)


def fingerprint_of(payload: Payload) -> str:
    """Return a digest of a payload that does not depend on the order of its keys."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def _register(receiver: LeadReceiver, payload: Payload, key: str | None) -> ReceiverAttempt:
    fingerprint = fingerprint_of(payload)
    if key is None:
        # With a key, a unique constraint keeps the second of two deliveries out.
        lock_fingerprint(receiver, fingerprint)
    earlier = _find_earlier(receiver, fingerprint, key)
    if earlier is None:
        attempt = ReceiverAttempt(
            company_id=receiver.company_id,
            receiver=receiver,
            payload=payload,
            key_order=list(payload) if needs_order(payload) else None,
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
            # Another delivery with this key was committed first.
            earlier = _find_earlier(receiver, fingerprint, key)
        else:
            return attempt
    if earlier is None:
        raise Conflict(ConflictReason.KEY_RUNNING, "This delivery could not be stored. Send it again.")
    if key is not None and earlier.fingerprint != fingerprint:
        raise Conflict(ConflictReason.KEY_REUSED, "This Idempotency-Key was already used with another body.")
    count_again(earlier)
    return earlier


def count_again(attempt: ReceiverAttempt) -> None:
    attempt.is_repeated = True
    repeated = ReceiverAttempt.objects.filter(pk=attempt.pk)
    repeated.update(count=F("count") + 1, last_seen_at=timezone.now(), updated_at=timezone.now())


def lock_fingerprint(receiver: LeadReceiver, fingerprint: str) -> None:
    """Make equal deliveries to a receiver wait for each other; SQLite has one writer at a time anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{receiver.pk}:{fingerprint}"]
            )


def _find_earlier(receiver: LeadReceiver, fingerprint: str, key: str | None) -> ReceiverAttempt | None:
    attempts = ReceiverAttempt.objects.filter(receiver=receiver).select_related("lead")
    if key is not None:
        return attempts.filter(idempotency_key=key).first()
    begin = timezone.now() - timedelta(minutes=receiver.window_minutes)
    equal = attempts.filter(fingerprint=fingerprint, created_at__gt=begin)
    return equal.order_by("-pk").first() if receiver.window_minutes else None


@transaction.atomic
def process(attempt_id: int, *, replayer: Actor | None = None) -> ReceiverAttempt:
    """Make the lead of an attempt, or log its e-mail; where it is refused, store the reason. It is locked.

    :param replayer: who replays it; without one, only an attempt that was not tried yet is processed.
    :raises Conflict: if it is replayed, and has made a lead or has lost its receiver.
    """
    attempt = ReceiverAttempt.objects.select_for_update(of=("self",)).get(pk=attempt_id)
    receiver = attempt.receiver
    # Read again under the lock: a replay or the same delivery may have processed it meanwhile.
    if replayer is None and (attempt.status != AttemptStatus.RECEIVED or receiver is None):
        return attempt
    if attempt.status == AttemptStatus.PROCESSED:
        raise Conflict(ConflictReason.EXISTS, _done(attempt))
    if receiver is None:
        raise Conflict(ConflictReason.VERSION, "The receiver of this attempt was deleted.")
    if replayer is not None:
        attempt.replayed_at, attempt.replayed_by_id = timezone.now(), replayer.user_id
    # A person who replays what was ignored wants it.
    is_wanted = replayer is not None and attempt.status == AttemptStatus.IGNORED
    try:
        # A savepoint: what is refused is rolled back, and its attempt and log are committed.
        with removed_on_failure(), transaction.atomic():
            _try(attempt, receiver, is_wanted=is_wanted)
    except (ValidationError, CrmError) as refused:
        attempt.lead, attempt.status, attempt.errors = None, AttemptStatus.FAILED, errors_of(refused)
        if attempt.kind == ReceiverKind.WEB:
            _log_refusal(attempt, receiver, by=None if replayer is None else replayer.user_id)
    attempt.save()
    return attempt


def _done(attempt: ReceiverAttempt) -> str:
    if attempt.kind == ReceiverKind.MAIL:
        return "The e-mail of this attempt is logged already."
    return "This attempt has already made a lead."


def _try(attempt: ReceiverAttempt, receiver: LeadReceiver, *, is_wanted: bool) -> None:
    if attempt.kind == ReceiverKind.MAIL:
        outcome = log_mail(attempt, receiver, is_wanted=is_wanted)
        attempt.lead, attempt.status, attempt.errors = outcome.lead, outcome.status, outcome.errors
        return
    attempt.lead = make_lead(receiver, _payload_of(attempt), attempt=attempt)
    attempt.status, attempt.errors = AttemptStatus.PROCESSED, None


def _payload_of(attempt: ReceiverAttempt) -> Payload:
    if attempt.raw_body is not None:
        raise ValidationError(attempt.errors or {"body": ["The body could not be decoded."]})
    return in_order(attempt.payload, attempt.key_order)


def _log_refusal(attempt: ReceiverAttempt, receiver: LeadReceiver, *, by: int | None = None) -> None:
    LeadRoutingLog.objects.create(
        company_id=attempt.company_id,
        receiver=receiver,
        rotation_id=receiver.rotation_id,
        attempt=attempt,
        outcome=RoutingOutcome.FAILED,
        door=Door.WEBHOOK.value,
        error=attempt.refusal,
    )
    outbox.emit_internal(RECEIVER, receiver, actor_id=by, door=Door.WEBHOOK)


def prune_attempts(*, before: datetime, batch: Batch = transaction.atomic) -> int:
    """Delete the attempts that were received before a moment, whatever became of them; return how many.

    Leads stay, and so does the routing log. A delivery that is repeated later counts as a new one.
    """
    return delete_in_batches(ReceiverAttempt.objects.filter(created_at__lt=before), batch=batch)
