"""Turns events of the log into deliveries, under a lease: one worker at a time for each endpoint."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from crm.errors import CursorExpired
from crm.events import journal
from crm.events.audience import GONE, Event
from crm.events.cursor import Cursor
from crm.models import events as logged
from crm.models.webhooks import WebhookDelivery, WebhookEndpoint
from crm.webhooks.contents import FilterRefused, content_of, webhook_actor
from crm.webhooks.endpoints import pause_endpoint

logger = logging.getLogger(__name__)

#: Events read at a time: a filter is run as a list of the API, whose page holds no more.
BATCH = 100
#: Columns that a redelivery resets. The message id is not among them, so that receivers see a repetition.
RESET_COLUMNS = (
    "status",
    "attempts",
    "next_attempt_at",
    "error",
    "response_status",
    "finished_at",
    "updated_at",
)
BULK = "bulk"


@dataclass(frozen=True)
class Claim:
    """The lease of one worker on one endpoint."""

    endpoint_id: int
    lease: str

    def lock_endpoint(self) -> WebhookEndpoint | None:
        """Return the endpoint, locked; None if the lease is lost, or the endpoint is off or paused."""
        endpoints = WebhookEndpoint.objects.select_for_update(of=("self",)).open()
        return endpoints.filter(pk=self.endpoint_id).under(self.lease).first()

    def prolong(self) -> bool:
        """Renew the lease, and return whether it was still valid and the endpoint may be sent to."""
        return WebhookEndpoint.objects.open().filter(pk=self.endpoint_id).renew(self.lease)


def claim_endpoints(limit: int, *, now: datetime | None = None) -> list[Claim]:
    """Lease endpoints that have work and no worker, those that waited longest first."""
    now = now or timezone.now()
    # Most calls find nothing; this query takes no lock.
    return _claim(limit, now) if WebhookEndpoint.objects.with_work(now).exists() else []


def _claim(limit: int, now: datetime) -> list[Claim]:
    waiting = WebhookEndpoint.objects.with_work(now)
    token, keys = waiting.order_by(F("leased_until").asc(nulls_first=True), "pk").take(limit)
    return [Claim(pk, token) for pk in keys]


def release(claim: Claim, *, hold: timedelta = timedelta(0)) -> None:
    """Release the lease on an endpoint; for the time ``hold`` no other worker may lease it."""
    leased = WebhookEndpoint.objects.filter(pk=claim.endpoint_id).under(claim.lease)
    leased.update(leased_by="", leased_until=Now() + hold)


@transaction.atomic
def dispatch(claim: Claim, *, now: datetime | None = None) -> bool:
    """Make deliveries of the next events, move the endpoint's position, and return whether there may be more.

    Both in one transaction under the endpoint's lock: each event becomes one delivery.
    """
    now = now or timezone.now()
    endpoint = claim.lock_endpoint()
    if endpoint is None:
        return False
    end = journal.end()
    start = Cursor(end.epoch, endpoint.position)
    try:
        events = journal.read_after(start, limit=BATCH, company_id=endpoint.company_id)
    except CursorExpired:
        return _skip_missed(endpoint, now)
    try:
        chosen = _choose(endpoint, events)
    except FilterRefused as refused:
        pause_endpoint(endpoint.pk, reason=f"The filter is no longer valid: {refused}", now=now)
        return False
    _store(endpoint, chosen, now)
    has_more = len(events) == BATCH
    position = events[-1].seq if has_more else max(end.seq, endpoint.position)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(position=position)
    return has_more


def _choose(endpoint: WebhookEndpoint, events: list[Event]) -> list[Event]:
    """Return the events that an endpoint has chosen, by kind and by filter."""
    entities = endpoint.entities
    chosen = [
        each
        for each in events
        if type_of(each) in endpoint.kinds or (each.kind == BULK and each.entity in entities)
    ]
    if not endpoint.filter:
        return chosen
    # A record that is gone has no content that could meet a filter, so its event always passes.
    filtered = [each for each in chosen if each.kind not in (BULK, *GONE)]
    met: set[tuple[str, int]] = set()
    for entity in {each.entity for each in filtered}:
        ids = {each.object_id for each in filtered if each.entity == entity}
        actor = webhook_actor(endpoint.company_id)
        met |= {(entity, pk) for pk in content_of(entity).matching(ids, endpoint.filter, actor=actor)}
    return [each for each in chosen if each not in filtered or (each.entity, each.object_id) in met]


def type_of(event: Event) -> str:
    return f"{event.entity}.{event.kind}"


def _store(endpoint: WebhookEndpoint, events: list[Event], now: datetime) -> None:
    rows = logged.Event.objects.filter(seq__in=[event.seq for event in events])
    moments = dict(rows.values_list("seq", "created_at"))
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(
                company_id=endpoint.company_id,
                endpoint=endpoint,
                seq=event.seq,
                place=event.seq,
                type=type_of(event),
                object_id=event.object_id or None,
                changes=event.previous_values(),
                winner_id=event.winner_id,
                cursor=str(event.cursor),
                occurred_at=moments[event.seq],
                next_attempt_at=now,
            )
            for event in events
        ],
        update_conflicts=True,
        unique_fields=["endpoint", "seq"],
        update_fields=RESET_COLUMNS,
    )


def _skip_missed(endpoint: WebhookEndpoint, now: datetime) -> bool:
    """Move an endpoint whose next events were pruned to the start of the log, and queue bulk messages."""
    counter = journal.counter()
    if counter.floor <= endpoint.position <= counter.value:
        # Another process pruned between the two reads: the position is in the log, so read again.
        return True
    position = counter.floor if endpoint.position < counter.floor else counter.value
    logger.warning(
        "Events were pruned before webhook endpoint %s was sent them; it is asked to read everything again.",
        endpoint.pk,
    )
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            company_id=endpoint.company_id,
            endpoint=endpoint,
            type=f"{entity}.{BULK}",
            place=position,
            cursor=str(Cursor(counter.epoch, position)),
            occurred_at=now,
            next_attempt_at=now,
        )
        for entity in endpoint.entities
    )
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(position=position, missed_at=now)
    return True


def advance_idle() -> int:
    """Move endpoints whose companies had no events to the end of the log, and return how many there were.

    Pruning would pass their positions otherwise, as if they had missed events. One statement sees one moment.
    """
    end = Subquery(logged.EventCounter.objects.values("value")[:1])
    return WebhookEndpoint.objects.idle().filter(position__lt=end).update(position=end)
