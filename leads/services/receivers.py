"""Create, change and delete receivers, and renew their keys."""

from collections.abc import Mapping
from typing import Any, TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model

from crm.actors import Action, Actor
from crm.models import User
from crm.services import locking, saving
from crm.services.replacing import find_replacement
from leads.models import LeadReceiver, LeadRotation, LeadSource, LeadType
from leads.routing.template import compile_template
from leads.services.lookup_deletion import replace_and_delete
from leads.services.lookups import Fields, assign_fields, find_optional, save_lookup

FIELDS = Fields(
    required=(
        "name",
        "is_default",
        "is_active",
        "kind",
        "creates_leads",
        "verification",
        "window_minutes",
        "rate_limit",
        "allowed_origins",
    ),
    optional=("source_name", "template", "honeypot"),
)


RELATIONS: Mapping[str, tuple[str, type[Model]]] = {
    "rotations_id": ("rotation", LeadRotation),
    "lead_sources_id": ("source", LeadSource),
    "lead_types_id": ("type", LeadType),
}


class ReceiverValues(TypedDict, total=False):
    name: str | None
    agents_id: object
    is_default: bool | None
    is_active: bool | None
    rotations_id: object
    source_name: str | None
    lead_sources_id: object
    lead_types_id: object
    template: Any
    kind: str | None
    creates_leads: bool | None
    verification: str | None
    honeypot: str | None
    window_minutes: int | None
    rate_limit: int | None
    allowed_origins: list[str] | None


def create_receiver(values: ReceiverValues, *, actor: Actor) -> LeadReceiver:
    """Create a receiver, whose agent is the acting member unless the values name another one."""
    actor.require(Action.CHANGE_LOOKUPS)
    receiver = LeadReceiver(company_id=actor.company_id, user_id=actor.user_id, agent_id=actor.user_id)
    _assign(receiver, values, actor)
    return save_receiver(receiver, actor=actor)


@transaction.atomic
def update_receiver(key: object, values: ReceiverValues, *, actor: Actor) -> LeadReceiver:
    actor.require(Action.CHANGE_LOOKUPS)
    if values.get("is_default"):
        # Before the row: a new lead may hold the company and wait for the row.
        locking.lock_company(actor.company_id)
    receiver = locking.lock(LeadReceiver, actor, key)
    _assign(receiver, values, actor)
    return save_receiver(receiver, actor=actor)


def _assign(receiver: LeadReceiver, values: ReceiverValues, actor: Actor) -> None:
    assign_fields(receiver, values, FIELDS)
    if "agents_id" in values:
        receiver.agent = _agent(values["agents_id"], actor)
    for argument, (attribute, model) in RELATIONS.items():
        if argument in values:
            key = values[argument]  # type: ignore[literal-required]  # listed above
            setattr(receiver, attribute, find_optional(model, key, actor=actor, argument=argument))


def _agent(key: object, actor: Actor) -> User | None:
    user = find_optional(User, key, actor=actor, argument="agents_id")
    if user is not None and not User.objects.assignable_in(actor.company_id).filter(pk=user.pk).exists():
        raise ValidationError({"agents_id": ["An agent is an active member who is not a viewer."]})
    return user


@transaction.atomic
def save_receiver(receiver: LeadReceiver, *, actor: Actor) -> LeadReceiver:
    """Validate and store a receiver; a new default takes the place of the one before."""
    actor.require(Action.CHANGE_LOOKUPS)
    if receiver.template is not None:
        # Only to check it: the template is stored as it was entered, and compiled for each delivery.
        compile_template(receiver.template)
    return save_lookup(receiver, actor=actor)


@transaction.atomic
def renew_key(key: object, *, actor: Actor) -> LeadReceiver:
    """Renew the key of a receiver; senders with the old key are refused from then on."""
    actor.require(Action.CHANGE_LOOKUPS)
    receiver = locking.lock(LeadReceiver, actor, key)
    # The key is derived from this number, and stored nowhere.
    receiver.secret_number += 1
    saving.store(receiver, actor=actor)
    return receiver


@transaction.atomic
def delete_receiver(key: object, *, actor: Actor, replacement_key: object = None) -> None:
    """Delete a receiver; its attempts stay."""
    actor.require(Action.CHANGE_LOOKUPS)
    receiver = locking.lock(LeadReceiver, actor, key)
    replacement = find_replacement(receiver, replacement_key, actor=actor)
    replace_and_delete(receiver, "receiver", replacement, actor=actor)
