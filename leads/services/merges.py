"""What a merge of people or organizations means to the leads that go over."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import F
from django.dispatch import receiver
from django.utils import timezone

from crm.actors import Actor
from crm.events.audience import Event
from crm.models.history import HistoryEntry, HistoryKind
from leads.models import Lead, LeadFollower, LeadParticipant
from leads.services import announcing
from people.services.relations import Move
from people.signals import rows_moved


@receiver(rows_moved)
def follow_moved_leads(moves: Sequence[Move], actor: Actor, **_signal: Any) -> None:
    """Count a version of each lead that goes over, note it in its history, and tell the subscribers.

    The statements do not depend on the number of leads. A deleted lead goes over in silence.
    """
    changes = _changes(moves)
    leads = list(Lead._base_manager.filter(pk__in=changes).order_by("pk"))
    if not leads:
        return
    Lead._base_manager.filter(pk__in=changes).update(version=F("version") + 1, updated_at=timezone.now())
    content_type = ContentType.objects.get_for_model(Lead)
    HistoryEntry.objects.bulk_create(
        HistoryEntry(
            company_id=lead.company_id,
            content_type=content_type,
            object_id=lead.pk,
            user_id=actor.user_id,
            kind=HistoryKind.UPDATED,
            door=actor.door.value,
            via=actor.via,
            changes=changes[lead.pk],
        )
        for lead in leads
    )
    involved = _involved(leads)
    announcing.tell(
        [_event(lead, frozenset(involved[lead.pk]), actor) for lead in leads if lead.deleted_at is None]
    )


def _event(lead: Lead, involved: frozenset[int], actor: Actor) -> Event:
    seen_by = announcing.audience(lead, involved, owner_id=lead.owner_id)
    return announcing.event_of(lead, "updated", actor=actor, before=seen_by, after=seen_by)


def _changes(moves: Iterable[Move]) -> dict[int, dict[str, Any]]:
    changes: dict[int, dict[str, Any]] = defaultdict(dict)
    for move in moves:
        if move.relation.model is Lead:
            name = move.relation.column.removesuffix("_id")
            for pk in move.rows:
                changes[pk][name] = [
                    {"id": str(record.pk), "name": str(record)} for record in (move.old, move.new)
                ]
    return changes


def _involved(leads: Iterable[Lead]) -> dict[int, set[int]]:
    keys = [lead.pk for lead in leads]
    involved: dict[int, set[int]] = defaultdict(set)
    for tie in (LeadParticipant, LeadFollower):
        for lead, user in tie.objects.filter(lead__in=keys).values_list("lead_id", "user_id"):
            involved[lead].add(user)
    return involved
