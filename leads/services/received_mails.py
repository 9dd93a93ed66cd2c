"""E-mails to receivers: each is stored first, as an attempt with its message, and then logged."""

import hashlib
import logging
from collections.abc import Iterable
from email.message import Message
from uuid import UUID

from django.db import DatabaseError, transaction
from django.utils import timezone

from crm.database.batches import Batch
from leads.mail import headers
from leads.mail.addresses import receivers_in
from leads.mail.bounds import KEPT_OF_LARGER, LARGEST_MAIL, OutOfBounds, too_large
from leads.mail.parsing import parse_head, parse_mail
from leads.models import AttemptStatus, LeadReceiver, ReceivedMail, ReceiverAttempt, ReceiverKind
from leads.services.received_leads import Errors
from leads.services.receiver_attempts import count_again, lock_fingerprint, process

logger = logging.getLogger("crm.mail")

#: Headers in which mail servers note to whom a message was sent, also where To does not name it (Bcc).
DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To", "To", "Cc")
LONGEST_KEY = 255
LONGEST_SHOWN = 2_000
SAME_ID = "Another message with this Message-ID came before, and says something else."


def receivers_of(head: bytes, *, envelope: Iterable[str] = ()) -> list[LeadReceiver]:
    """Return the active receivers of e-mails that a message is for.

    :param head: its headers, or all of it.
    :param envelope: the addresses that the mail server was given.
    """
    addressed = [each.email for each in headers.addresses_of(parse_head(head), *DELIVERED_TO)]
    return find_mail_receivers(receivers_in([*envelope, *addressed]))


def find_mail_receivers(identifiers: list[UUID]) -> list[LeadReceiver]:
    # Not narrowed to an actor: who writes has none, and the UUID is the address.
    found = LeadReceiver.objects.filter(uuid__in=identifiers, kind=ReceiverKind.MAIL, is_active=True)
    return list(found.filter(company__is_active=True).order_by("pk")) if identifiers else []


def receive_mail(
    receiver: LeadReceiver, raw: bytes, *, size: int | None = None, batch: Batch = transaction.atomic
) -> ReceiverAttempt:
    """Store a message as an attempt, then log it, and return the attempt with its outcome.

    A message that the receiver has already returns its attempt, and is logged now if that was cut off.

    :param raw: the message, or its begin if it is larger than is read.
    :param size: of the whole message; of ``raw`` if None.
    :param batch: opens each of the two transactions.
    """
    size = len(raw) if size is None else size
    # Parsed before the transaction, which must not be idle for long.
    draft = _draft(receiver, raw[:KEPT_OF_LARGER] if size > LARGEST_MAIL else raw, size)
    with batch():
        attempt = _register(draft)
    if attempt.status == AttemptStatus.RECEIVED:
        attempt = _process(attempt, batch)
    return attempt


def _process(attempt: ReceiverAttempt, batch: Batch) -> ReceiverAttempt:
    try:
        with batch():
            return process(attempt.pk)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as fault:
        # A fault of ours: the message is kept, and the next one has its turn.
        if isinstance(fault, DatabaseError):
            raise
        logger.exception("An e-mail could not be logged: attempt %s.", attempt.uuid)
        attempt.status = AttemptStatus.FAILED
        attempt.errors = {"message": [f"It could not be logged ({type(fault).__name__}). Replay it later."]}
        with batch():
            attempt.save(update_fields=["status", "errors", "updated_at"])
    return attempt


def _draft(receiver: LeadReceiver, raw: bytes, size: int) -> ReceivedMail:
    """Return the unsaved message and attempt."""
    attempt = ReceiverAttempt(
        company_id=receiver.company_id, receiver=receiver, kind=ReceiverKind.MAIL, last_seen_at=timezone.now()
    )
    head = parse_head(raw)
    message_id = headers.message_id_of(head)
    try:
        if size > LARGEST_MAIL:
            raise OutOfBounds(too_large(size))
        attempt.fingerprint = parse_mail(raw, received_at=timezone.now()).fingerprint
    except OutOfBounds as refused:
        attempt.fingerprint = hashlib.sha256(raw).hexdigest()
        attempt.status, attempt.errors = AttemptStatus.FAILED, _message_errors(str(refused))
    attempt.idempotency_key = (message_id or f"content {attempt.fingerprint}")[:LONGEST_KEY]
    attempt.payload = {
        "from": _shown(head, "From"),
        "to": _shown(head, "To"),
        "cc": _shown(head, "Cc"),
        "subject": _shown(head, "Subject"),
        "date": _shown(head, "Date"),
        "message_id": message_id,
        "bytes": size,
    }
    return ReceivedMail(company_id=receiver.company_id, attempt=attempt, raw=raw, size=size)


def _shown(head: Message, name: str) -> str:
    return headers.decoded(headers.value_of(head, name))[:LONGEST_SHOWN]


def _message_errors(reason: str) -> Errors:
    return {"message": [reason]}


def _register(mail: ReceivedMail) -> ReceiverAttempt:
    """Store a message and its attempt; return an earlier attempt if the receiver has the message already."""
    attempt = mail.attempt
    receiver = attempt.receiver
    assert receiver is not None
    # Two copies at the same moment wait for each other.
    lock_fingerprint(receiver, str(attempt.idempotency_key))
    earlier = ReceiverAttempt.objects.filter(
        receiver=receiver, idempotency_key=attempt.idempotency_key
    ).first()
    if earlier is not None and earlier.fingerprint != attempt.fingerprint:
        # Only one attempt has the key: this one is found by what it says.
        attempt.idempotency_key = f"content {attempt.fingerprint}"
        earlier = _with_key(receiver, attempt.idempotency_key)
        attempt.status, attempt.errors = AttemptStatus.FAILED, _message_errors(SAME_ID)
    if earlier is not None:
        count_again(earlier)
        return earlier
    attempt.save(force_insert=True)
    mail.attempt = attempt
    mail.save(force_insert=True)
    return attempt


def _with_key(receiver: LeadReceiver, key: str | None) -> ReceiverAttempt | None:
    return ReceiverAttempt.objects.filter(receiver=receiver, idempotency_key=key).first()
