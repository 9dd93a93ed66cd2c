"""Deliveries: which one is next, the outcome of its attempts, redelivery and pruning."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from crm.actors import Action, Actor
from crm.database.batches import Batch, delete_in_batches
from crm.errors import Conflict, ConflictReason
from crm.events import journal
from crm.events.cursor import Cursor
from crm.models.webhooks import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from crm.webhooks.dispatching import Claim
from crm.webhooks.endpoints import pause_endpoint
from crm.webhooks.retrying import delay_after, hold_after
from crm.webhooks.sending import Attempt

#: So many refusals in a row count as a receiver that refuses everything.
REFUSALS_IN_A_ROW = 5
#: The stored time of the last success may be so old: it saves a write for each message.
SUCCESS_RESOLUTION = timedelta(minutes=1)


def next_due(claim: Claim, *, now: datetime | None = None) -> WebhookDelivery | None:
    due = WebhookDelivery.objects.due(now or timezone.now()).filter(endpoint=claim.endpoint_id)
    return due.in_turn().select_related("endpoint").first()


@transaction.atomic
def begin_attempt(delivery: WebhookDelivery, claim: Claim, *, now: datetime | None = None) -> bool:
    """Count an attempt before it is made, so that a worker's death counts too; return whether it may be."""
    now = now or timezone.now()
    if not claim.prolong():
        return False
    stored = _unless_changed(delivery)
    if not stored.update(attempts=delivery.attempts + 1, last_attempt_at=now, updated_at=now):
        return False
    delivery.attempts += 1
    return True


@transaction.atomic
def end_attempt(delivery: WebhookDelivery, attempt: Attempt, *, now: datetime | None = None) -> bool:
    """Store the outcome of an attempt; return whether the endpoint is to be left alone for a while."""
    now = now or timezone.now()
    outcome: dict[str, object] = {
        "response_status": attempt.status,
        "error": attempt.error[:255],
        "duration_ms": attempt.duration_ms,
        "updated_at": now,
    }
    if attempt.succeeded:
        outcome |= {"status": DeliveryStatus.DELIVERED, "finished_at": now, "next_attempt_at": None}
    else:
        outcome |= _after_failure(delivery, now)
    if not _unless_changed(delivery).update(**outcome):
        # The endpoint belongs to another worker, or to a redelivery, and its state is theirs to note.
        return not attempt.succeeded
    if attempt.succeeded:
        _note_success(delivery.endpoint, now)
        return False
    return _note_failure(delivery.endpoint_id, attempt, now)


@transaction.atomic
def note_unreadable(delivery: WebhookDelivery, reason: str, *, now: datetime | None = None) -> None:
    """Store that the content of a delivery could not be read; it is tried again like any failed delivery."""
    now = now or timezone.now()
    _unless_changed(delivery).update(error=reason[:255], updated_at=now, **_after_failure(delivery, now))


def _unless_changed(delivery: WebhookDelivery) -> models.QuerySet[WebhookDelivery]:
    """Return the stored delivery, or nothing if another worker or a redelivery has changed it meanwhile."""
    return WebhookDelivery.objects.filter(
        pk=delivery.pk, status=DeliveryStatus.PENDING, attempts=delivery.attempts
    )


def _after_failure(delivery: WebhookDelivery, now: datetime) -> dict[str, object]:
    delay = delay_after(delivery.attempts)
    if delay is None:
        return {"status": DeliveryStatus.FAILED, "finished_at": now, "next_attempt_at": None}
    return {"next_attempt_at": now + delay}


def _note_success(endpoint: WebhookEndpoint, now: datetime) -> None:
    last = endpoint.last_success_at
    if endpoint.failures or last is None or now - last >= SUCCESS_RESOLUTION:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
            failures=0, failing_since=None, held_until=None, last_success_at=now
        )


def _note_failure(endpoint_id: int, attempt: Attempt, now: datetime) -> bool:
    endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        # The endpoint was deleted meanwhile.
        return True
    failures, since = endpoint.failures + 1, endpoint.failing_since or now
    is_held = not attempt.refused_this or failures >= REFUSALS_IN_A_ROW
    held_until = now + hold_after(failures, attempt.retry_after) if is_held else None
    WebhookEndpoint.objects.filter(pk=endpoint_id).update(
        failures=failures, failing_since=since, held_until=held_until
    )
    if attempt.is_gone:
        pause_endpoint(endpoint_id, reason="The receiver answered 410 Gone.", now=now)
        return True
    days = settings.WEBHOOK_PAUSE_AFTER_DAYS
    if days and now - since >= timedelta(days=days):
        pause_endpoint(
            endpoint_id,
            reason=f"No message was accepted for {days} days. Last error: {attempt.error}",
            now=now,
        )
        return True
    return is_held


@transaction.atomic
def redeliver(deliveries: Iterable[WebhookDelivery], *, actor: Actor) -> int:
    """Queue deliveries again, under the same message ids, and return how many there are."""
    actor.require(Action.MANAGE_COMPANY)
    chosen = WebhookDelivery.objects.visible_to(actor).filter(pk__in=[each.pk for each in deliveries])
    now = timezone.now()
    return chosen.update(
        status=DeliveryStatus.PENDING,
        attempts=0,
        next_attempt_at=now,
        finished_at=None,
        error="",
        response_status=None,
        updated_at=now,
    )


@transaction.atomic
def redeliver_after(endpoint: WebhookEndpoint, cursor: Cursor, *, actor: Actor) -> None:
    """Move an endpoint back to a cursor: what follows is sent again, by the endpoint's present settings.

    Messages sent before keep their ids. Events that it had not chosen before are sent as well.
    """
    actor.require(Action.MANAGE_COMPANY)
    stored = WebhookEndpoint.objects.select_for_update().visible_to(actor).get(pk=endpoint.pk)
    journal.check(cursor)
    if cursor.seq >= stored.position:
        raise Conflict(ConflictReason.VERSION, "The endpoint has not been sent anything after this cursor.")
    WebhookEndpoint.objects.filter(pk=stored.pk).update(position=cursor.seq)


def prune(*, before: datetime | None = None, batch: Batch = transaction.atomic) -> int:
    """Remove finished deliveries made before a moment, by default as for events; return how many."""
    if before is None:
        before = timezone.now() - timedelta(days=settings.EVENT_RETENTION_DAYS)
    done = WebhookDelivery.objects.exclude(status=DeliveryStatus.PENDING).filter(created_at__lt=before)
    return delete_in_batches(done, batch=batch)
