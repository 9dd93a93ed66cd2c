"""Leads: create, change, delete and restore."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from crm.actors import Action, Actor
from crm.models import User
from crm.models.lifecycle import LIVE
from crm.services import channels, custom_fields, file_links, locking, messages, saving, tags
from crm.services.history import Changes
from crm.services.saving import Stored
from leads.models import Lead, LeadFollower, LeadParticipant, LeadRoutingLog, LeadStatus, ReceiverAttempt
from leads.models.rotting import record_change
from leads.services import events, references, stage_visits
from leads.services.assignment import assign_owner, log_of
from leads.services.referenced_rows import ReferencedRows
from leads.services.references import LeadValues

TEXTS = ("firstname", "lastname", "email", "phone", "description", "reason_lost")
DUPLICATE_STATUS = "Duplicate"
#: Relations whose changes are told in the lead's channel.
NOTIFIED_RELATIONS = ("owner", "stage", "status")


def _assign(lead: Lead, values: LeadValues, referenced: ReferencedRows, actor: Actor) -> None:
    given: dict[str, Any] = dict(values)
    for name in TEXTS:
        if name in given:
            setattr(lead, name, given[name] or None)
    if "title" in given:
        lead.title = given["title"] or ""
    references.resolve(lead, values, referenced, actor=actor)
    if "custom_fields" in values:
        custom_fields.merge(lead, values["custom_fields"])


@transaction.atomic
def create_lead(
    values: LeadValues,
    *,
    actor: Actor,
    member_id: str | None = None,
    attempt: ReceiverAttempt | None = None,
) -> Lead:
    """Make a lead, in the stage and status that are named or the company's first ones.

    Why it has its owner is written into the routing log.

    :param member_id: what the sender of a delivery calls the member who is to own the lead.
    :param attempt: the delivery that it is made of.
    :raises ValidationError: if a rule is broken; ``title`` is required.
    :raises NotFound: if something that the values name does not exist for the actor.
    """
    actor.require(Action.CHANGE_LEADS)
    saving.check_current_company(values.get("company_id"), actor)
    referenced = ReferencedRows(values, actor=actor)
    lead = Lead(company_id=actor.company_id, user_id=actor.user_id)
    referenced.attach_to(lead)
    _assign(lead, values, referenced, actor)
    references.take_from_receiver(lead, values, referenced)
    _flag_duplicate(lead, values)
    # As late as possible: it may lock a rotation, for which other leads then wait.
    assignment = assign_owner(lead, values, referenced, actor=actor, member_id=member_id)
    return _insert(lead, values, actor, log=log_of(lead, assignment, actor=actor, attempt=attempt))


def _flag_duplicate(lead: Lead, values: LeadValues) -> None:
    if (
        not saving.is_none_given(values.get("status_id"))
        or lead.person is None
        or not lead.company.flag_duplicate_leads
    ):
        return
    if Lead.objects.filter(LIVE, person=lead.person).open().exists():
        duplicate = LeadStatus.objects.filter(company=lead.company, name__iexact=DUPLICATE_STATUS).first()
        lead.status = duplicate or lead.status


@transaction.atomic
def update_lead(
    key: object, values: LeadValues, *, actor: Actor, expected_version: int | None = None
) -> Lead:
    """Change the fields that are given, and tell the subscribers.

    :raises NotFound: if the lead, or something that the values name, does not exist for the actor.
    :raises ValidationError: if a rule is broken.
    :raises Conflict: if the stored version is another than the expected one.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, key)
    before = locking.column_values(lead)
    saving.check_current_company(values.get("company_id"), actor)
    referenced = ReferencedRows(values, actor=actor, lead=lead)
    _assign(lead, values, referenced, actor)
    return write_change(
        lead, values, referenced, actor=actor, before=before, expected_version=expected_version
    )


@transaction.atomic
def save_lead(
    lead: Lead,
    *,
    actor: Actor,
    values: LeadValues | None = None,
    expected_version: int | None = None,
) -> Lead:
    """Validate and store a lead with its tags, participants and files, and tell the subscribers.

    :param values: only its relations are read; the columns stand on the instance already.
    :raises ValidationError: if the lead breaks one of its rules.
    :raises Conflict: if somebody stored another version meanwhile.
    """
    actor.require(Action.CHANGE_LEADS)
    stored = locking.lock(Lead, actor, lead.pk)
    referenced = ReferencedRows({}, actor=actor, lead=stored)
    referenced.attach_to(lead)
    before = locking.column_values(stored)
    return write_change(
        lead, values or {}, referenced, actor=actor, before=before, expected_version=expected_version
    )


def write_change(
    lead: Lead,
    values: LeadValues,
    referenced: ReferencedRows,
    *,
    actor: Actor,
    before: Mapping[str, Any],
    expected_version: int | None = None,
) -> Lead:
    """Validate and store a lead that is locked, as ``save_lead`` does.

    :param before: its columns as they are stored.
    """
    if lead.owner_id != before["owner_id"] and lead.owner_id is not None:
        references.check_owner(lead.owner_id, actor=actor)
    if lead.stage_id != before["stage_id"]:
        lead.stage_changed_at = timezone.now()
    if lead.status_id != before["status_id"]:
        # Closed anew, even if it was closed in another way before.
        lead.closed_at = None
    involved_before = referenced.involved
    relations = _write_relations(lead, values, actor)

    def extra_rows(stored: Stored) -> list[Model]:
        record_change(lead, stored.changes.keys(), actor=actor)
        rows: list[Model] = []
        if "stage_changed_at" in stored.before:
            visit = stage_visits.next_visit(lead, referenced.first("visit"), actor=actor)
            rows += [visit] if visit is not None else []
        notices = messages.notices_of(stored.changes, NOTIFIED_RELATIONS)
        return rows + messages.system_messages(lead, referenced.first("channel"), notices, actor=actor)

    stored = saving.store(
        lead,
        actor=actor,
        before=before,
        expected_version=expected_version,
        relations=relations,
        referenced=referenced.by_stored_lead,
        extra_rows=extra_rows,
    )
    if stored.changed:
        involved = events.involved_users(lead) if relations else involved_before
        events.emit(
            lead,
            "updated",
            actor=actor,
            before=events.audience(lead, involved_before, owner_id=before["owner_id"]),
            after=events.audience(lead, involved, owner_id=lead.owner_id),
            changed=stored.before,
        )
    return lead


def _insert(lead: Lead, values: LeadValues, actor: Actor, *, log: LeadRoutingLog) -> Lead:
    def extra_rows(_stored: Stored) -> list[Model]:
        visit = stage_visits.visit_from(lead, lead.stage_changed_at, actor=actor)
        return [visit, *channels.default_channel(lead, creator_id=actor.user_id), log]

    saving.store(lead, actor=actor, extra_rows=extra_rows)
    _write_relations(lead, values, actor)
    involved = events.involved_users(lead) if values.get("participants_id") else frozenset()
    seen_by = events.audience(lead, involved, owner_id=lead.owner_id)
    if not actor.sees_all_leads and actor.user_id is not None and actor.user_id not in seen_by:
        # Whoever makes a lead goes on seeing it.
        LeadFollower.objects.create(lead=lead, user_id=actor.user_id)
        seen_by |= {actor.user_id}
    events.emit(lead, "created", actor=actor, before=frozenset(), after=seen_by)
    return lead


def _write_relations(lead: Lead, values: LeadValues, actor: Actor) -> Changes:
    changes: dict[str, Any] = {}
    if "tags" in values:
        changes |= tags.replace(lead, tags.find_or_create(values["tags"] or [], actor=actor))
    changes |= file_links.change_links(lead, values, actor=actor)
    if "participants_id" in values:
        changes |= _replace_participants(lead, values["participants_id"] or [], actor)
    return changes


def _replace_participants(lead: Lead, keys: Iterable[object], actor: Actor) -> Changes:
    users = User.objects.find_all(actor, list(keys), argument="participants_id")
    wanted = {user.pk: str(user) for user in users}
    rows = LeadParticipant.objects.filter(lead=lead).select_related("user")
    present = {row.user_id: str(row.user) for row in rows}
    if wanted.keys() == present.keys():
        return {}
    rows.filter(user_id__in=present.keys() - wanted.keys()).delete()
    LeadParticipant.objects.bulk_create(
        LeadParticipant(lead=lead, user_id=user_id) for user_id in sorted(wanted.keys() - present.keys())
    )
    return {"participants": [sorted(present.values()), sorted(wanted.values())]}


@transaction.atomic
def delete_lead(key: object, *, actor: Actor, expected_version: int | None = None) -> None:
    """Delete a lead softly, and tell those who could see it.

    :raises NotFound: if the lead does not exist for the actor.
    :raises Conflict: if the stored version is another than the expected one.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, key)
    saving.soft_delete(
        lead, actor=actor, before=locking.column_values(lead), expected_version=expected_version
    )
    seen_by = events.audience(lead, events.involved_users(lead), owner_id=lead.owner_id)
    events.emit(lead, "deleted", actor=actor, before=seen_by, after=frozenset())


@transaction.atomic
def restore_lead(key: object, *, actor: Actor) -> None:
    """Bring a deleted lead back; where its stage is gone, into the default pipeline's first stage.

    A lead that is not deleted is left as it is.

    :raises NotFound: if the lead never existed for the actor.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock_deleted(Lead.objects.all(), actor, key)
    if lead.deleted_at is None:
        return
    before = {"stage_id": lead.stage_id}
    if lead.stage.deleted_at is not None or lead.pipeline.deleted_at is not None:
        lead.stage_id = lead.pipeline_id = None  # type: ignore[assignment]  # clean() places it anew
        lead.stage_changed_at = timezone.now()
    changes = saving.undelete(lead, actor=actor, before=before)
    stage_visits.enter_stage(lead, actor=actor)
    messages.system_message(lead, messages.notices_of(changes, NOTIFIED_RELATIONS), actor=actor)
    seen_by = events.audience(lead, events.involved_users(lead), owner_id=lead.owner_id)
    events.emit(lead, "restored", actor=actor, before=frozenset(), after=seen_by)
