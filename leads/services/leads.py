"""Create, change, delete and restore leads."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext_lazy

from crm.actors import Action, Actor
from crm.database.new_rows import new_row
from crm.languages.chosen import reading
from crm.models import Activity, Tag, User
from crm.models.lifecycle import LIVE
from crm.services import channels, external_ids, file_links, imported, locking, messages, saving, tags
from crm.services.history import Changes
from crm.services.saving import Stored
from crm.services.tag_links import replace_tags
from crm.texts import name_key
from leads.models import Lead, LeadFollower, LeadParticipant, LeadStatus, ReceiverAttempt
from leads.models.rotting import record_change
from leads.services import events, stage_visits, tasks_of_owner
from leads.services.assignment import assign_owner, routing_log
from leads.services.deal_values import take_over_amount
from leads.services.lead_input import LeadValues, apply_input, check_owner, fill_from_receiver
from leads.services.past import set_past
from leads.services.referenced_rows import ReferencedRows

DUPLICATE_STATUS = gettext_lazy("Duplicate")
#: The relations whose changes are posted as messages in the lead's channel.
POSTED_RELATIONS = ("owner", "stage", "status")


@saving.in_transaction
def create_lead(
    values: LeadValues,
    *,
    actor: Actor,
    member_id: str | None = None,
    attempt: ReceiverAttempt | None = None,
) -> Lead:
    """Create a lead. Its statements, in order:

    1. one SELECT of all rows that the input refers to and that the rules need;
    2. a nested person and organization: found, or inserted;
    3. a duplicate: two SELECTs, if the company flags duplicates and the lead has a person;
    4. tags, if the input has any: found, or inserted. The company is locked before a rotation;
    5. the owner: SELECTs as the routing needs them, and the UPDATEs of a rotation;
    6. one INSERT of lead, history, stage visit, channel and routing log (SQLite: one for each table);
    7. links to tags, files and participants, if the input has any;
    8. a follower, if the creator would not see the lead otherwise;
    9. one INSERT of the event.

    A plain createLead takes 1, 6 and 9 alone; tests/test_specification_statements.py counts them.

    :param member_id: the member id by which a delivery names the owner.
    :param attempt: the delivery that the lead is made from.
    """
    actor.require(Action.CHANGE_LEADS)
    saving.check_current_company(values.get("company_id"), actor)
    rows = ReferencedRows.fetch(values, actor=actor)
    lead = new_row(Lead, company_id=actor.company_id, user_id=actor.user_id)
    rows.attach_to(lead)
    apply_input(lead, values, rows, actor=actor)
    external_ids.check_free(lead, actor=actor)
    fill_from_receiver(lead, values, rows)
    set_past(lead, values, is_new=True)
    # An amount that is given as null means none.
    if "amount" not in values:
        take_over_amount(lead, rows.company)
    _flag_duplicate(lead, values)
    named = tags.find_or_create(values["tags"] or [], actor=actor) if "tags" in values else None
    # As late as possible: it may lock a rotation, and other leads of that rotation wait until the commit.
    assignment = assign_owner(lead, values, rows, actor=actor, member_id=member_id)

    def rows_of_new_lead(_stored: Stored) -> list[Model]:
        visit = stage_visits.new_visit(lead, lead.stage_changed_at, actor=actor)
        channel_and_seat = channels.default_channel(lead, creator_id=actor.user_id)
        return [visit, *channel_and_seat, routing_log(lead, assignment, actor=actor, attempt=attempt)]

    saving.store(lead, actor=actor, extra_rows=rows_of_new_lead)
    imported.keep_created_at(lead, values)
    _write_relations(lead, values, actor, named)
    involved = events.involved_users(lead) if values.get("participants_id") else frozenset()
    seen_by = events.audience(involved, lead.owner_id)
    if not actor.sees_all_leads and actor.user_id is not None and actor.user_id not in seen_by:
        # Without this an agent who creates a lead for a colleague would lose sight of it.
        LeadFollower.objects.create(lead=lead, user_id=actor.user_id)
        seen_by |= {actor.user_id}
    events.emit(events.event_of(lead, "created", actor=actor, before=frozenset(), after=seen_by))
    return lead


@cache
def _keys_of_duplicate() -> frozenset[str]:
    """Return the usual name of the status in all languages: a company has it in the one it was set up in."""
    keys = set()
    for code, _name in settings.LANGUAGES:
        with reading(code):
            keys.add(name_key(str(DUPLICATE_STATUS)))
    return frozenset(keys)


def _flag_duplicate(lead: Lead, values: LeadValues) -> None:
    """Set the status "Duplicate" where the lead's person has another open lead."""
    # A status that the input names is the client's decision.
    named = not saving.is_none_given(values.get("status_id"))
    if named or lead.person is None or not lead.company.flag_duplicate_leads:
        return
    # Not only leads that the actor sees: a duplicate of a colleague's lead is one too.
    if Lead.objects.filter(LIVE, person=lead.person).open().exists():
        statuses = LeadStatus.objects.filter(company=lead.company)
        duplicate = statuses.filter(name_key__in=_keys_of_duplicate()).order_by("weight", "pk").first()
        lead.status = duplicate or lead.status


@transaction.atomic
def update_lead(
    key: object, values: LeadValues, *, actor: Actor, expected_version: int | None = None
) -> Lead:
    actor.require(Action.CHANGE_LEADS)
    tags.lock_if_new(values.get("tags"), actor=actor)
    lead = locking.lock(Lead, actor, key)
    before = locking.column_values(lead)
    saving.check_current_company(values.get("company_id"), actor)
    rows = ReferencedRows.fetch(values, actor=actor, lead=lead)
    apply_input(lead, values, rows, actor=actor)
    return store_change(lead, values, rows, actor=actor, before=before, expected_version=expected_version)


@transaction.atomic
def save_lead(
    lead: Lead,
    *,
    actor: Actor,
    values: LeadValues | None = None,
    expected_version: int | None = None,
) -> Lead:
    """Store a lead that was changed in memory, such as by a form of the admin.

    :param values: its tags, participants and files; all other keys are ignored.
    """
    actor.require(Action.CHANGE_LEADS)
    tags.lock_if_new((values or {}).get("tags"), actor=actor)
    stored = locking.lock(Lead, actor, lead.pk)
    rows = ReferencedRows.fetch({}, actor=actor, lead=stored)
    rows.attach_to(lead)
    before = locking.column_values(stored)
    return store_change(
        lead, values or {}, rows, actor=actor, before=before, expected_version=expected_version
    )


def store_change(
    lead: Lead,
    values: LeadValues,
    rows: ReferencedRows,
    *,
    actor: Actor,
    before: Mapping[str, Any],
    expected_version: int | None = None,
) -> Lead:
    """Validate and store a changed lead with its tags, participants and files, and emit its event.

    What its former owner was to do about it goes to the new one.

    :param lead: locked, with all columns set.
    :param rows: fetched for the stored lead.
    :param before: the columns as they are stored.
    """
    tasks: list[Activity] = []
    if lead.owner_id != before["owner_id"] and lead.owner_id is not None:
        check_owner(lead.owner_id, actor=actor)
        tasks = tasks_of_owner.lock_tasks(lead, before["owner_id"], actor=actor)
    external_ids.check_free(lead, actor=actor, before=before)
    if lead.stage_id != before["stage_id"]:
        lead.stage_changed_at = timezone.now()
    if lead.status_id != before["status_id"]:
        # ``Lead.clean`` sets it again: a lead that goes from lost to won was closed just now.
        lead.closed_at = None
    set_past(lead, values, is_new=False)
    relations = _write_relations(lead, values, actor)

    def rows_of_change(stored: Stored) -> list[Model]:
        record_change(lead, stored.changes.keys(), actor=actor)
        new: list[Model] = []
        if "stage_changed_at" in stored.before:
            visit = stage_visits.next_visit(lead, rows.open_visit, actor=actor)
            new += [visit] if visit is not None else []
        notices = messages.notices_of(stored.changes, POSTED_RELATIONS)
        return new + messages.system_messages(lead, rows.default_channel, notices, actor=actor)

    stored = saving.store(
        lead,
        actor=actor,
        before=before,
        expected_version=expected_version,
        relations=relations,
        referenced=rows.stored_stage_and_status,
        extra_rows=rows_of_change,
    )
    if stored.changed:
        involved = events.involved_users(lead) if "participants" in relations else rows.involved
        # Whoever loses sight of the lead by this change still gets the event of it.
        saw = events.audience(rows.involved, before["owner_id"])
        sees = events.audience(involved, lead.owner_id)
        events.emit(
            events.event_of(
                lead,
                "updated",
                actor=actor,
                before=saw,
                after=sees,
                changed=stored.before,
                relations=relations,
            )
        )
        tasks_of_owner.hand_over(tasks, lead, actor=actor, before=saw, after=sees)
    return lead


def _write_relations(
    lead: Lead, values: LeadValues, actor: Actor, named: Sequence[Tag] | None = None
) -> Changes:
    """Store tags, files and participants.

    :param named: the tags of the values, if they are found already.
    """
    changes: dict[str, Sequence[Any]] = {}
    if "tags" in values:
        found = tags.find_or_create(values["tags"] or [], actor=actor) if named is None else named
        changes |= replace_tags(lead, found, is_new=named is not None)
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
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, key)
    saving.soft_delete(
        lead, actor=actor, before=locking.column_values(lead), expected_version=expected_version
    )
    seen_by = events.audience_of(lead)
    events.emit(events.event_of(lead, "deleted", actor=actor, before=seen_by, after=frozenset()))


@transaction.atomic
def restore_lead(key: object, *, actor: Actor) -> None:
    """Restore a deleted lead; one whose stage is gone enters the default pipeline's first stage.

    A lead that is not deleted stays as it is.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock_deleted(Lead.objects.all(), actor, key)
    if lead.deleted_at is None:
        return
    external_ids.check_free(lead, actor=actor)
    before = {"stage_id": lead.stage_id}
    if lead.stage.deleted_at is not None or lead.pipeline.deleted_at is not None:
        lead.stage_id = lead.pipeline_id = None  # type: ignore[assignment]  # ``Lead.clean`` sets both
        lead.stage_changed_at = timezone.now()
    changes = saving.undelete(lead, actor=actor, before=before)
    stage_visits.enter_stage(lead, actor=actor)
    messages.system_message(lead, messages.notices_of(changes, POSTED_RELATIONS), actor=actor)
    seen_by = events.audience_of(lead)
    events.emit(events.event_of(lead, "restored", actor=actor, before=frozenset(), after=seen_by))
