"""What notifications are made of in leads: assignments, leads that rot, and receivers that refuse."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import reduce
from operator import or_

from django.db.models import Count, Exists, F, Max, OuterRef, Q

from crm.actors import Role
from crm.events.audience import LEAD, RECEIVER, Event
from crm.models import Event as LoggedEvent
from crm.models import Membership, Notification, NotificationKind
from crm.notifications.own import names_of
from crm.notifications.sources import Found, Notice, TimedSource, Window, register_events, register_timed
from leads.models import AttemptStatus, Lead, LeadReceiver, ReceiverAttempt
from leads.models.rotting import begins_to_rot

#: A receiver is failing once it has refused so many deliveries without making a lead in between.
REFUSALS = 3
OWNER = "owner_id"


def read_leads(events: Sequence[Event]) -> Iterator[Notice]:
    """Tell members of the leads that others, or rotations, gave to them."""
    given = [event for event in events if event.kind == "created" or OWNER in event.changes]
    given = [event for event in given if event.kind in ("created", "updated")]
    if not given:
        return
    owners = _owners_after(given)
    titles = dict(
        Lead._base_manager.filter(pk__in={event.object_id for event in given}).values_list("pk", "title")
    )
    names = names_of(event.actor_id for event in given)
    for event in given:
        owner = owners.get(event.seq)
        if owner is None or owner in (event.actor_id, event.changes.get(OWNER)):
            continue
        yield Notice(
            company_id=event.company_id,
            user_id=owner,
            kind=NotificationKind.LEAD_ASSIGNED,
            key=f"assigned:{event.seq}",
            text=f"{names.get(event.actor_id, 'Somebody')} gave you the lead {titles[event.object_id]}",
            about=(Lead, event.object_id),
            by_id=event.actor_id,
        )


def _owners_after(events: Sequence[Event]) -> dict[int, int | None]:
    """Return the owner of its lead after each event, by the event's number.

    That is the previous owner of the next event with a change of owner, else the owner of today. Events
    without a number come last: their leads are locked until they are committed, so their ids are in order.
    """
    keys = {event.object_id for event in events}
    # Before the events: a change that is committed in between is then found among them.
    today = dict(Lead._base_manager.filter(pk__in=keys).values_list("pk", "owner"))
    later: dict[int, list[tuple[int | None, int | None]]] = defaultdict(list)
    changes = LoggedEvent.objects.filter(
        Q(seq=None) | Q(seq__gt=min(event.seq for event in events)),
        company__in={event.company_id for event in events},
        entity=LEAD,
        object_id__in=keys,
        changes__has_key=OWNER,
    )
    in_order = changes.order_by(F("seq").asc(nulls_last=True), "pk")
    for lead, seq, changed in in_order.values_list("object_id", "seq", "changes"):
        later[lead].append((seq, changed[OWNER]))
    return {
        event.seq: next(
            (before for seq, before in later[event.object_id] if seq is None or seq > event.seq),
            today.get(event.object_id),
        )
        for event in events
    }


def find_rotting(window: Window) -> Found:
    """Tell owners of the leads that have begun to rot."""
    told = Notification.objects.filter(
        content_type__app_label="leads",
        content_type__model="lead",
        object_id=OuterRef("pk"),
        user=OuterRef("owner"),
        kind=NotificationKind.LEAD_ROTS,
        moment=OuterRef("last_activity_at"),
    )
    rows = Lead._base_manager.filter(
        ~Exists(told),
        begins_to_rot(window.after, window.until),
        deleted_at=None,
        owner__isnull=False,
        pk__gt=window.last_key,
    )
    found = list(rows.select_related("stage").order_by("pk")[: window.limit])
    return Found(
        notices=[_rotting(lead) for lead in found],
        last_key=found[-1].pk if len(found) == window.limit else None,
    )


def _rotting(lead: Lead) -> Notice:
    days = lead.stage.rotting_days
    assert lead.owner_id is not None
    return Notice(
        company_id=lead.company_id,
        user_id=lead.owner_id,
        kind=NotificationKind.LEAD_ROTS,
        # A lead that is worked on may rot again.
        key=f"rots:{lead.pk}:{lead.last_activity_at.timestamp():f}",
        text=f"Nothing has happened to the lead {lead.title} for {days} day{'' if days == 1 else 's'}",
        about=(Lead, lead.pk),
        moment=lead.last_activity_at,
    )


def read_refusals(events: Sequence[Event]) -> Iterator[Notice]:
    """Tell managers of receivers that refuse what they are sent, once until they make a lead again."""
    keys = {event.object_id for event in events}
    attempts = ReceiverAttempt.objects.filter(receiver__in=keys).order_by()
    made = attempts.filter(status=AttemptStatus.PROCESSED).values_list("receiver").annotate(Max("pk"))
    last_made = dict.fromkeys(keys, 0) | dict(made)
    since = reduce(or_, (Q(receiver=key, pk__gt=last) for key, last in last_made.items()))
    refused = attempts.filter(since, status=AttemptStatus.FAILED).values_list("receiver")
    counts = dict(refused.annotate(Count("pk")))
    receivers = LeadReceiver.objects.in_bulk(keys)
    managers = defaultdict(list)
    leading = Membership.objects.active().filter(
        company__in={event.company_id for event in events}, role__in=[Role.MANAGER, Role.ADMIN]
    )
    for company, user in leading.order_by("pk").values_list("company", "user"):
        managers[company].append(user)
    for event in events:
        receiver = receivers.get(event.object_id)
        if receiver is None or counts.get(receiver.pk, 0) < REFUSALS:
            continue
        for user in managers[event.company_id]:
            if user != event.actor_id:
                yield Notice(
                    company_id=event.company_id,
                    user_id=user,
                    kind=NotificationKind.RECEIVER_FAILING,
                    key=f"failing:{receiver.pk}:{last_made[receiver.pk]}",
                    text=f"The receiver {receiver.name} refuses what it is sent: see its attempts",
                    about=(LeadReceiver, receiver.pk),
                )


def register_sources() -> None:
    """Register the sources of leads."""
    register_events(LEAD, read_leads)
    register_events(RECEIVER, read_refusals)
    register_timed(TimedSource(name="rotting", every=timedelta(minutes=5), find=find_rotting))
