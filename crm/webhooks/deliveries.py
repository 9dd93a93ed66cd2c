"""What is sent to endpoints: in which turn, what came of it, and sending it again."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from crm.actors import Action, Actor
from crm.errors import Conflict
from crm.events import journal
from crm.events.cursor import Cursor
from crm.models.webhooks import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from crm.webhooks.dispatching import Claim
from crm.webhooks.endpoints import pause_endpoint
from crm.webhooks.retrying import delay_after, hold_after
from crm.webhooks.sending import Attempt

#: Refusals of messages one after the other, from which on it looks as if the receiver refused all.
REFUSALS_IN_A_ROW = 5
#: How old the stored time of the last success may be.
SUCCESS_RESOLUTION = timedelta(minutes=1)
BATCH = 2_000


def next_due(claim: Claim, *, now: datetime | None = None) -> WebhookDelivery | None:
    """Give the delivery whose turn it is at an endpoint, None if none is due."""
    due = WebhookDelivery.objects.due(now or timezone.now()).filter(endpoint=claim.endpoint_id)
    return due.in_turn().select_related("endpoint").first()


@transaction.atomic
def begin_attempt(delivery: WebhookDelivery, claim: Claim, *, now: datetime | None = None) -> bool:
    """Note that a delivery is being sent, before it is; tell whether it still is to be.

    Whoever dies from here on leaves it as it is: due, with one attempt more.
    """
    now = now or timezone.now()
    if not claim.prolong(now):
        return False
    stored = _as_known(delivery)
    if not stored.update(attempts=delivery.attempts + 1, last_attempt_at=now, updated_at=now):
        return False
    delivery.attempts += 1
    return True


@transaction.atomic
def end_attempt(delivery: WebhookDelivery, attempt: Attempt, *, now: datetime | None = None) -> bool:
    """Note what came of sending a delivery, and what that says of its endpoint.

    :returns: whether the receiver is to be left alone for a while.
    """
    now = now or timezone.now()
    said = {
        "response_status": attempt.status,
        "error": attempt.error[:255],
        "duration_ms": attempt.duration_ms,
        "updated_at": now,
    }
    if attempt.succeeded:
        said |= {"status": DeliveryStatus.DELIVERED, "finished_at": now, "next_attempt_at": None}
        _as_known(delivery).update(**said)
        _note_success(delivery.endpoint, now)
        return False
    _as_known(delivery).update(**said, **_after_failure(delivery, now))
    return _note_failure(delivery.endpoint_id, attempt, now)


@transaction.atomic
def note_unreadable(delivery: WebhookDelivery, reason: str, *, now: datetime | None = None) -> None:
    """Note that a delivery could not be made, by no fault of its receiver; it is tried again as any other."""
    now = now or timezone.now()
    _as_known(delivery).update(error=reason[:255], updated_at=now, **_after_failure(delivery, now))


def _as_known(delivery: WebhookDelivery) -> models.QuerySet[WebhookDelivery]:
    """Give the stored delivery, unless it was taken up by somebody else or put back meanwhile."""
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
        # It was deleted meanwhile.
        return True
    failures, since = endpoint.failures + 1, endpoint.failing_since or now
    is_held = not attempt.refused_this or failures >= REFUSALS_IN_A_ROW
    held_until = now + hold_after(failures, attempt.retry_after) if is_held else None
    WebhookEndpoint.objects.filter(pk=endpoint_id).update(
        failures=failures, failing_since=since, held_until=held_until
    )
    if attempt.is_gone:
        pause_endpoint(endpoint_id, reason="The receiver answered 410: it is gone.", now=now)
        return True
    days = settings.WEBHOOK_PAUSE_AFTER_DAYS
    if days and now - since >= timedelta(days=days):
        pause_endpoint(
            endpoint_id, reason=f"Nothing has arrived for {days} days. Last: {attempt.error}", now=now
        )
        return True
    return is_held


@transaction.atomic
def redeliver(deliveries: Iterable[WebhookDelivery], *, actor: Actor) -> int:
    """Have deliveries sent again under the message ids that they have; give how many.

    :raises Forbidden: if the actor does not manage the company.
    """
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
    """Have an endpoint sent again what followed a cursor, as the endpoint is set up now.

    What was sent before keeps its message id; what was never sent to it is sent as well.

    :raises Forbidden: if the actor does not manage the company.
    :raises CursorExpired: if what followed the cursor is not all there any more.
    :raises Conflict: if the endpoint has not come so far yet.
    """
    actor.require(Action.MANAGE_COMPANY)
    stored = WebhookEndpoint.objects.select_for_update().visible_to(actor).get(pk=endpoint.pk)
    journal.check(cursor)
    if cursor.seq >= stored.position:
        raise Conflict("The endpoint has not been sent anything after this cursor.")
    WebhookEndpoint.objects.filter(pk=stored.pk).update(position=cursor.seq)


def prune(*, before: datetime | None = None) -> int:
    """Remove the deliveries made before a moment that are done; give how many.

    :param before: by default ``EVENT_RETENTION_DAYS`` ago, as the events themselves.
    """
    if before is None:
        before = timezone.now() - timedelta(days=settings.EVENT_RETENTION_DAYS)
    done = WebhookDelivery.objects.exclude(status=DeliveryStatus.PENDING).filter(created_at__lt=before)
    pruned = 0
    while keys := list(done.values_list("pk", flat=True)[:BATCH]):
        pruned += WebhookDelivery.objects.filter(pk__in=keys).delete()[0]
    return pruned
