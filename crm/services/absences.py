"""Absences of members: rotations skip members who are away. Only managers change those of others."""

from collections.abc import Mapping

from django.db import transaction

from crm.actors import Action, Actor
from crm.models import Absence, User
from crm.services import locking, saving

NEEDED = ("starts_at", "ends_at")


def create_absence(values: Mapping[str, object], *, actor: Actor) -> Absence:
    """Create an absence, of the acting member unless another one is named."""
    actor.require(Action.CHANGE_ABSENCES)
    absence = Absence(company_id=actor.company_id)
    # Actors of commands and of the system have no user.
    if actor.user_id is not None:
        absence.user_id = actor.user_id
    _assign(absence, values, actor)
    return save_absence(absence, actor=actor)


@transaction.atomic
def update_absence(key: object, values: Mapping[str, object], *, actor: Actor) -> Absence:
    """Change the fields that are given."""
    actor.require(Action.CHANGE_ABSENCES)
    absence = locking.lock(Absence, actor, key)
    _require_for(absence.user_id, actor)
    _assign(absence, values, actor)
    return save_absence(absence, actor=actor)


def _assign(absence: Absence, values: Mapping[str, object], actor: Actor) -> None:
    saving.refuse_null(values, NEEDED)
    saving.assign(absence, values, (*NEEDED, "reason"))
    if not saving.is_none_given(values.get("user_id")):
        absence.user = User.objects.find(actor, values["user_id"], argument="user_id")


@transaction.atomic
def save_absence(absence: Absence, *, actor: Actor) -> Absence:
    """Validate and store an absence."""
    actor.require(Action.CHANGE_ABSENCES)
    _require_for(absence.user_id, actor)
    saving.store(absence, actor=actor)
    return absence


def delete_absence(key: object, *, actor: Actor) -> None:
    """Delete an absence."""
    actor.require(Action.CHANGE_ABSENCES)
    absence = Absence.objects.find(actor, key)
    _require_for(absence.user_id, actor)
    absence.delete()


def _require_for(user_id: int, actor: Actor) -> None:
    # Every member may note absences of their own.
    if user_id != actor.user_id:
        actor.require(Action.CHANGE_LOOKUPS)
