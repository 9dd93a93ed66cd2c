"""Serves one endpoint for a limited time: makes deliveries of its next events and sends the due ones."""

import logging
import threading
import time
from datetime import timedelta
from enum import Enum, auto

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from crm.models.webhooks import WebhookDelivery
from crm.webhooks import sending
from crm.webhooks.contents import Unreadable
from crm.webhooks.deliveries import begin_attempt, end_attempt, next_due, note_unreadable
from crm.webhooks.dispatching import Claim, dispatch, release
from crm.webhooks.payloads import body_of
from crm.webhooks.signing import headers

logger = logging.getLogger(__name__)

#: After so long the thread is free for other endpoints.
LONGEST_TURN_SECONDS = 30.0
#: Batches of events made into deliveries before the sending starts.
MOST_BATCHES = 10
#: Messages of so many seconds, by the rate of an endpoint, are sent without a pause.
BURST_SECONDS = 10
#: How long an endpoint is left alone after an unexpected exception.
AFTER_FAULT = timedelta(minutes=1)


class Outcome(Enum):
    ARRIVED = auto()
    FAILED = auto()
    #: It failed, and the next ones would fail too.
    ENDS_TURN = auto()


def take_turn(claim: Claim, stopped: threading.Event) -> int:
    """Serve an endpoint for a limited time while something is due; return how many messages it accepted."""
    begun = time.monotonic()
    ends = begun + LONGEST_TURN_SECONDS
    rate = settings.WEBHOOK_MESSAGES_PER_MINUTE / 60
    burst = max(1, int(rate * BURST_SECONDS))
    arrived = sent = 0
    hold = timedelta(0)
    try:
        for _ in range(MOST_BATCHES):
            if not dispatch(claim):
                break
        while not stopped.is_set() and time.monotonic() < ends and not (rate and sent >= burst):
            delivery = next_due(claim)
            outcome = Outcome.ENDS_TURN if delivery is None else deliver(delivery, claim)
            if outcome is Outcome.ENDS_TURN:
                break
            sent += 1
            arrived += outcome is Outcome.ARRIVED
        if rate:
            # The next turn begins when as many would have been sent one by one.
            hold = timedelta(seconds=max(0.0, sent / rate - (time.monotonic() - begun)))
    except Exception:
        # An endpoint that cannot be served must stop neither the worker nor the other endpoints.
        logger.exception("Webhook endpoint %s could not be served.", claim.endpoint_id)
        hold = AFTER_FAULT
    _release(claim, hold)
    return arrived


def deliver(delivery: WebhookDelivery, claim: Claim) -> Outcome:
    """Send one delivery, with its record as it is now."""
    try:
        body = body_of(delivery)
    except Unreadable as fault:
        if begin_attempt(delivery, claim):
            note_unreadable(delivery, str(fault))
        return Outcome.FAILED
    if not begin_attempt(delivery, claim):
        return Outcome.ENDS_TURN
    now = timezone.now()
    secrets = delivery.endpoint.secrets_at(now)
    signed = headers(secrets, message_id=delivery.message_id, at=int(now.timestamp()), body=body)
    attempt = sending.post(delivery.endpoint.url, body, signed)
    if end_attempt(delivery, attempt):
        return Outcome.ENDS_TURN
    return Outcome.ARRIVED if attempt.succeeded else Outcome.FAILED


def _release(claim: Claim, hold: timedelta) -> None:
    try:
        release(claim, hold=hold)
    except DatabaseError:
        # The lease expires by itself.
        logger.warning("Webhook endpoint %s could not be released; its lease expires.", claim.endpoint_id)
