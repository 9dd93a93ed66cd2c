"""From the log of events to deliveries, and which worker is at which endpoint."""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Subquery
from django.utils import timezone

from crm.errors import CursorExpired
from crm.events import journal
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.models import events as logged
from crm.models.webhooks import WebhookDelivery, WebhookEndpoint
from crm.webhooks.contents import CONTENTS, FilterRefused, reader
from crm.webhooks.endpoints import pause_endpoint

logger = logging.getLogger(__name__)

#: Events that are read at a time: no more than a page of a list has, by which filters are asked.
BATCH = 100
#: A worker that has not been heard of for so long is dead; it is heard of before each message.
LEASE = timedelta(seconds=90)
#: What a delivery of before forgets when its event is to be sent again; its message id it keeps.
ANEW = ("status", "attempts", "next_attempt_at", "error", "response_status", "finished_at", "updated_at")
BULK = "bulk"


@dataclass(frozen=True)
class Claim:
    """The right of one worker to send to one endpoint, one message after the other."""

    endpoint_id: int
    lease: str

    def row(self) -> WebhookEndpoint | None:
        """Give the endpoint as it is now, locked; None if the right is lost, or nothing is to be sent."""
        held = WebhookEndpoint.objects.select_for_update(of=("self",)).open()
        return held.filter(pk=self.endpoint_id, leased_by=self.lease).first()

    def prolong(self, now: datetime) -> bool:
        """Keep the right for another while; tell whether it was still there."""
        held = WebhookEndpoint.objects.open().filter(pk=self.endpoint_id, leased_by=self.lease)
        return bool(held.update(leased_until=now + LEASE))


def claim_endpoints(limit: int, *, now: datetime | None = None) -> list[Claim]:
    """Take endpoints for which there is work, and which nobody is at; first those that waited longest."""
    now = now or timezone.now()
    # Most looks find nothing, and take no lock.
    return _claim(limit, now) if WebhookEndpoint.objects.with_work(now).exists() else []


@transaction.atomic
def _claim(limit: int, now: datetime) -> list[Claim]:
    waiting = WebhookEndpoint.objects.with_work(now)
    waiting = waiting.order_by(F("leased_until").asc(nulls_first=True), "pk")
    if connection.features.has_select_for_update_skip_locked:
        waiting = waiting.select_for_update(skip_locked=True, of=("self",))
    keys, lease = list(waiting.values_list("pk", flat=True)[:limit]), secrets.token_hex(16)
    if keys:
        WebhookEndpoint.objects.filter(pk__in=keys).update(leased_by=lease, leased_until=now + LEASE)
    return [Claim(pk, lease) for pk in keys]


def release(claim: Claim, *, hold: timedelta | None = None) -> None:
    """Let others at an endpoint.

    :param hold: after how long, if not at once.
    """
    now = timezone.now()
    held = WebhookEndpoint.objects.filter(pk=claim.endpoint_id, leased_by=claim.lease)
    held.update(leased_by="", leased_until=now + hold if hold else now)


@transaction.atomic
def dispatch(claim: Claim, *, now: datetime | None = None) -> bool:
    """Make the deliveries of the next events, and note how far that is; tell whether there may be more.

    Both are one transaction, under the lock of the endpoint: each event is one delivery, whoever else works.

    :raises Unreadable: if a filter could not be asked.
    """
    now = now or timezone.now()
    endpoint = claim.row()
    if endpoint is None:
        return False
    end = journal.end()
    place = Cursor(end.epoch, endpoint.position)
    try:
        events = journal.read_after(place, limit=BATCH, company_id=endpoint.company_id)
    except CursorExpired:
        return _skip_missed(endpoint, now)
    try:
        wanted = _wanted(endpoint, events)
    except FilterRefused as refused:
        pause_endpoint(endpoint.pk, reason=f"The filter does not fit any more. {refused}", now=now)
        return False
    _store(endpoint, wanted, now)
    has_more = len(events) == BATCH
    position = events[-1].seq if has_more else max(end.seq, endpoint.position)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(position=position)
    return has_more


def _wanted(endpoint: WebhookEndpoint, events: list[Event]) -> list[Event]:
    """Give the events that an endpoint asks for. One that is gone has no content for a filter to see."""
    chosen = [each for each in events if each.kind == BULK or type_of(each) in endpoint.kinds]
    if not endpoint.filter:
        return chosen
    filtered = [each for each in chosen if each.kind not in (BULK, "deleted")]
    met: set[tuple[str, int]] = set()
    for entity in {each.entity for each in filtered}:
        ids = {each.object_id for each in filtered if each.entity == entity}
        actor = reader(endpoint.company_id)
        met |= {(entity, pk) for pk in CONTENTS[entity].matching(ids, endpoint.filter, actor=actor)}
    return [each for each in chosen if each not in filtered or (each.entity, each.object_id) in met]


def type_of(event: Event) -> str:
    """Give the type of the messages about an event."""
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
                changes=event.previous_ids(),
                cursor=str(event.cursor),
                occurred_at=moments[event.seq],
                next_attempt_at=now,
            )
            for event in events
        ],
        update_conflicts=True,
        unique_fields=["endpoint", "seq"],
        update_fields=ANEW,
    )


def _skip_missed(endpoint: WebhookEndpoint, now: datetime) -> bool:
    """Go on where the log begins, and tell the receiver that it has to read anew what it knows."""
    counter = journal.counter()
    if counter.floor <= endpoint.position <= counter.value:
        # The log was cut off only now, elsewhere: look again.
        return True
    position = counter.floor if endpoint.position < counter.floor else counter.value
    logger.warning(
        "Events were gone from the log before webhook endpoint %s was sent them: it is told to read anew.",
        endpoint.pk,
    )
    WebhookDelivery(
        company_id=endpoint.company_id,
        endpoint=endpoint,
        type=f"lead.{BULK}",
        place=position,
        cursor=str(Cursor(counter.epoch, position)),
        occurred_at=now,
        next_attempt_at=now,
    ).save(force_insert=True)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(position=position, missed_at=now)
    return True


def advance_idle() -> int:
    """Bring endpoints whose companies had no event to the end of the log; give how many.

    Else the log would be cut off behind them, and they would seem to have missed something. It is one
    statement, so that all it compares is of the same moment.
    """
    end = Subquery(logged.EventCounter.objects.values("value")[:1])
    return WebhookEndpoint.objects.idle().filter(position__lt=end).update(position=end)
