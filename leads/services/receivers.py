"""Receivers: create, change and delete, with one default and a template that can be used."""

from typing import Any, TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.models import User
from crm.services import locking, saving
from crm.services.replacing import find_replacement
from leads.models import LeadReceiver, LeadRotation, LeadSource, LeadType
from leads.routing.template import compile_template
from leads.services.lookup_deletion import hand_over
from leads.services.lookups import save_lookup

#: Fields that a receiver always has.
NEEDED = ("name", "is_default", "is_active", "verification", "window_minutes", "rate_limit")
PLAIN = (*NEEDED, "source_name", "template", "honeypot")
LOOKUPS: tuple[tuple[str, str, Any], ...] = (
    ("rotations_id", "rotation", LeadRotation),
    ("lead_sources_id", "source", LeadSource),
    ("lead_types_id", "type", LeadType),
)


class ReceiverValues(TypedDict, total=False):
    """What a client may say of a receiver; an absent key is left as it is."""

    name: str | None
    agents_id: object
    is_default: bool | None
    is_active: bool | None
    rotations_id: object
    source_name: str | None
    lead_sources_id: object
    lead_types_id: object
    template: Any
    verification: str | None
    honeypot: str | None
    window_minutes: int | None
    rate_limit: int | None


def create_receiver(values: ReceiverValues, *, actor: Actor) -> LeadReceiver:
    """Make a receiver, whose agent is the acting member unless another one is named.

    :raises ValidationError: if a rule is broken; ``name`` is required.
    :raises NotFound: if something that the values name does not exist for the actor.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    receiver = LeadReceiver(company_id=actor.company_id, user_id=actor.user_id, agent_id=actor.user_id)
    _assign(receiver, values, actor)
    return save_receiver(receiver, actor=actor)


@transaction.atomic
def update_receiver(key: object, values: ReceiverValues, *, actor: Actor) -> LeadReceiver:
    """Change the fields that are given.

    :raises ValidationError: if a rule is broken.
    :raises NotFound: if the receiver, or something that the values name, does not exist for the actor.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    receiver = locking.lock(LeadReceiver, actor, key)
    _assign(receiver, values, actor)
    return save_receiver(receiver, actor=actor)


def _assign(receiver: LeadReceiver, values: ReceiverValues, actor: Actor) -> None:
    saving.refuse_null(values, NEEDED)
    given: dict[str, Any] = dict(values)
    for name in PLAIN:
        if name in given:
            setattr(receiver, name, given[name])
    if "agents_id" in given:
        receiver.agent = _agent(given["agents_id"], actor)
    for key, attribute, model in LOOKUPS:
        if key in given:
            none = saving.is_none_given(given[key])
            setattr(
                receiver, attribute, None if none else model.objects.find(actor, given[key], argument=key)
            )


def _agent(key: object, actor: Actor) -> User | None:
    if saving.is_none_given(key):
        return None
    user: User = User.objects.find(actor, key, argument="agents_id")
    if not User.objects.assignable_in(actor.company_id).filter(pk=user.pk).exists():
        raise ValidationError({"agents_id": ["An agent is an active member who is not a viewer."]})
    return user


@transaction.atomic
def save_receiver(receiver: LeadReceiver, *, actor: Actor) -> LeadReceiver:
    """Validate and store a receiver; choosing a default takes it from the one before.

    :raises ValidationError: if a rule is broken, the template among them.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    if receiver.template is not None:
        compile_template(receiver.template)
    return save_lookup(receiver, actor=actor)


@transaction.atomic
def renew_key(key: object, *, actor: Actor) -> LeadReceiver:
    """Give a receiver another key; what shows the one before is refused from then on.

    :raises NotFound: if the receiver does not exist for the actor.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    receiver = locking.lock(LeadReceiver, actor, key)
    receiver.secret_number += 1
    saving.store(receiver, actor=actor)
    return receiver


@transaction.atomic
def delete_receiver(key: object, *, actor: Actor, replacement_key: object = None) -> None:
    """Remove a receiver; its attempts stay.

    :param replacement_key: the receiver that its leads get.
    :raises NotFound: if the receiver, or the one in its place, does not exist for the actor.
    :raises Conflict: if live leads came by it, and no other one takes its place.
    :raises ValidationError: if it is to be replaced by itself.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    receiver = locking.lock(LeadReceiver, actor, key)
    replacement = find_replacement(receiver, replacement_key, actor=actor)
    hand_over(receiver, "receiver", replacement, actor=actor)
