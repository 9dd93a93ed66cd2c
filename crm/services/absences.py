"""Absences of members: rotations skip members who are away."""

from datetime import datetime
from typing import TypedDict

from django.db import transaction

from crm.actors import Action, Actor
from crm.models import Absence, User
from crm.services import locking, saving

NEEDED = ("starts_at", "ends_at")


class AbsenceValues(TypedDict, total=False):
    user_id: object
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str | None


def create_absence(values: AbsenceValues, *, actor: Actor) -> Absence:
    """Create an absence, of the acting member unless another one is named.

    :raises Forbidden: if another member is named, and the actor does not manage them.
    :raises ValidationError: if a moment is missing, or the end is not after the start.
    """
    actor.require(Action.CHANGE_ABSENCES)
    absence = Absence(company_id=actor.company_id)
    # Actors of commands and of the system have no user.
    if actor.user_id is not None:
        absence.user_id = actor.user_id
    _assign(absence, values, actor)
    return save_absence(absence, actor=actor)


@transaction.atomic
def update_absence(key: object, values: AbsenceValues, *, actor: Actor) -> Absence:
    """Change the fields that are given.

    :raises Forbidden: if it is another member's, and the actor does not manage them.
    """
    actor.require(Action.CHANGE_ABSENCES)
    absence = locking.lock(Absence, actor, key)
    _require_for(absence.user_id, actor)
    _assign(absence, values, actor)
    return save_absence(absence, actor=actor)


def _assign(absence: Absence, values: AbsenceValues, actor: Actor) -> None:
    saving.refuse_null(values, NEEDED)
    saving.assign(absence, values, (*NEEDED, "reason"))
    if not saving.is_none_given(values.get("user_id")):
        absence.user = User.objects.find(actor, values["user_id"], argument="user_id")


@transaction.atomic
def save_absence(absence: Absence, *, actor: Actor) -> Absence:
    """Validate and store an absence.

    :raises Forbidden: if it is another member's, and the actor does not manage them.
    """
    actor.require(Action.CHANGE_ABSENCES)
    _require_for(absence.user_id, actor)
    saving.store(absence, actor=actor)
    return absence


def delete_absence(key: object, *, actor: Actor) -> None:
    """Delete an absence.

    :raises Forbidden: if it is another member's, and the actor does not manage them.
    """
    actor.require(Action.CHANGE_ABSENCES)
    absence = Absence.objects.find(actor, key)
    _require_for(absence.user_id, actor)
    absence.delete()


def _require_for(user_id: int, actor: Actor) -> None:
    # Every member may note absences of their own.
    if user_id != actor.user_id:
        actor.require(Action.CHANGE_LOOKUPS)
