"""Receivers of signals: what leads do when members, stages, regions, conversations or people change."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.dispatch import receiver
from django.utils import timezone

from crm.actors import Actor, system_actor
from crm.database.write_behind import change_columns
from crm.events.audience import Event
from crm.models import Company, Membership, User
from crm.services.versions import count_versions
from crm.signals import member_left, record_discussed, records_changed, region_changed
from leads.models import Lead, LeadFollower, LeadParticipant, LeadPerson
from leads.models.rotting import LastActivity, record_activity
from leads.services import events
from leads.services.leads import update_lead
from people.services.moved_rows import MovedRows
from people.services.signal_handlers import BATCH
from people.signals import rows_moved
from pipelines.models import Stage
from pipelines.signals import stage_replaced


@receiver(member_left)
def reassign_open_leads(*, membership: Membership, heir: User | None, actor: Actor, **_: object) -> None:
    """Reassign the open leads of a former member to the heir, or to nobody, by one change each."""
    # Not by the actor itself: whoever ends their own membership sees no leads any more.
    mover = replace(
        system_actor(membership.company_id, door=actor.door, via=actor.via), user_id=actor.user_id
    )
    leads = Lead.objects.visible_to(mover).open().filter(owner=membership.user_id)
    for lead_id in leads.order_by("pk").values_list("pk", flat=True):
        update_lead(lead_id, {"leads_owner_id": heir and heir.pk}, actor=mover)


@receiver(stage_replaced)
def move_leads(*, stage: Stage, replacement: Stage, actor: Actor, **_: object) -> None:
    """Move every live lead of a deleted stage to its replacement, each with its history and event."""
    leads = Lead.objects.visible_to(actor).filter(stage=stage)
    for lead_id in leads.order_by("pk").values_list("pk", flat=True):
        update_lead(lead_id, {"pipeline_stage_id": replacement.pk}, actor=actor)


@receiver(region_changed)
def update_canonical_phones(*, company: Company, **_: object) -> None:
    """Set the canonical phones of a company's leads, and with them the text that they are searched by."""
    # A number with "+" is the same in every region. Deleted leads are included: they may be restored.
    leads = Lead._base_manager.filter(company=company).exclude(phone=None).exclude(phone__startswith="+")
    keys = list(leads.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        changed = []
        for lead in Lead._base_manager.filter(pk__in=keys[start : start + BATCH]):
            before = lead.phone_canonical, lead.phone_dialled
            lead.company = company
            lead.set_search_columns()
            if (lead.phone_canonical, lead.phone_dialled) != before:
                changed.append(lead)
        Lead._base_manager.bulk_update(changed, ["phone_canonical", "phone_dialled", "search_text"])


@receiver(record_discussed, sender=Lead)
def follow_discussion(
    record: Lead, activity: str | None, actor: Actor, at: datetime | None = None, **_: object
) -> None:
    """Record the activity, if it is one, and emit an event of the lead."""
    # Nothing is done in the future, whatever the clock of a mail's sender says.
    now = timezone.now()
    moment = min(at or now, now)
    if activity is not None and record_activity(record, LastActivity(activity), at=moment):
        # This alone makes no new version of the lead.
        columns = ("last_activity_at", "last_activity")
        change_columns(Lead, [record.pk], {name: getattr(record, name) for name in columns})
    events.emit_updated(record, actor=actor)


@receiver(rows_moved)
def follow_moved_leads(merge: MovedRows, actor: Actor, **_: object) -> None:
    """Count a new version of each lead that a merge moved, or whose people it moved."""
    # In bulk, and not by ``update_lead``: a merge may move thousands of leads.
    changes: dict[int, dict[str, Sequence[object]]] = defaultdict(dict)
    for move in merge.moves:
        if move.relation.model is Lead:
            name = move.relation.column.removesuffix("_id")
            for pk in move.rows:
                changes[pk][name] = [
                    {"id": str(record.pk), "name": str(record)} for record in (move.old, move.new)
                ]
    for pk, names in merge.changes_through(LeadPerson, "person_id", "lead_id").items():
        changes[pk]["people_participants"] = names
    count_versions(Lead, changes, actor=actor)


@receiver(records_changed, sender=Lead)
def emit_changed_leads(records: Sequence[Lead], actor: Actor, **_: object) -> None:
    """Emit an event of each live lead that got a new version; nobody sees a deleted lead."""
    live = [lead for lead in records if lead.deleted_at is None]
    involved = _involved(live)
    events.emit(*(_event(lead, frozenset(involved[lead.pk]), actor) for lead in live))


def _event(lead: Lead, involved: frozenset[int], actor: Actor) -> Event:
    seen_by = events.audience(involved, lead.owner_id)
    return events.event_of(lead, "updated", actor=actor, before=seen_by, after=seen_by)


def _involved(leads: Iterable[Lead]) -> dict[int, set[int]]:
    keys = [lead.pk for lead in leads]
    involved: dict[int, set[int]] = defaultdict(set)
    for model in (LeadParticipant, LeadFollower):
        for lead, user in model.objects.filter(lead__in=keys).values_list("lead_id", "user_id"):
            involved[lead].add(user)
    return involved
