"""Rotations: create, change, delete, and show whose turns come next."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Conflict
from crm.models import User
from crm.services import locking, nesting, saving
from crm.services.replacing import find_replacement
from leads.models import LeadReceiver, LeadRotation, LeadRotationAgent
from leads.routing.rotation import shares_of
from leads.services.receivers import update_receiver
from leads.services.rotation_state import WEIGHT_OF_PERCENT, TakenTurn, decide, read_places

MOST_SIMULATED = 1000
MOST_AGENTS = 500


class RotationAgentValues(TypedDict, total=False):
    """What a client may say of an agent's place in a rotation; credit and hits are nobody's to say."""

    users_id: object
    phone: str | None
    percent: float | Decimal | None


class RotationValues(TypedDict, total=False):
    """What a client may say of a rotation; an absent key is left as it is."""

    name: str | None
    leads_rotations_email: str | None
    agents: list[RotationAgentValues] | None


def create_rotation(values: RotationValues, *, actor: Actor) -> LeadRotation:
    """Make a rotation; without agents it gives leads to nobody, and says so.

    :raises ValidationError: if a rule is broken; ``name`` is required.
    :raises NotFound: if a user whom the values name is no member of the company.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    rotation = LeadRotation(company_id=actor.company_id)
    _assign(rotation, values)
    return save_rotation(rotation, actor=actor, agents=values.get("agents"))


@transaction.atomic
def update_rotation(key: object, values: RotationValues, *, actor: Actor) -> LeadRotation:
    """Change the fields that are given; a list of agents replaces the set, and who stays keeps the credit.

    :raises ValidationError: if a rule is broken.
    :raises NotFound: if the rotation, or a user whom the values name, does not exist for the actor.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    rotation = locking.lock(LeadRotation, actor, key)
    _assign(rotation, values)
    agents = (values["agents"] or []) if "agents" in values else None
    return save_rotation(rotation, actor=actor, agents=agents)


def _assign(rotation: LeadRotation, values: RotationValues) -> None:
    saving.refuse_null(values, ["name"])
    if "name" in values:
        rotation.name = values["name"] or ""
    if "leads_rotations_email" in values:
        rotation.leads_rotations_email = values["leads_rotations_email"]


@transaction.atomic
def save_rotation(
    rotation: LeadRotation, *, actor: Actor, agents: Sequence[RotationAgentValues] | None = None
) -> LeadRotation:
    """Validate and store a rotation, and its set of agents if one is given.

    :raises ValidationError: if a rule is broken.
    :raises NotFound: if a user who is named is no member of the company.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    if rotation._state.adding:
        saving.store(rotation, actor=actor)
        _replace_agents(rotation, agents or [], actor)
        return rotation
    before = locking.stored_values(rotation, actor)
    # Leads may have been routed since the row was read.
    rotation.hits = before["hits"]
    changed = agents is not None and _replace_agents(rotation, agents, actor)
    relations = {"agents": [None, len(agents or ())]} if changed else None
    saving.store(rotation, actor=actor, before=before, relations=relations)
    return rotation


def _replace_agents(rotation: LeadRotation, wanted: Sequence[RotationAgentValues], actor: Actor) -> bool:
    """Store the set of agents; tell whether it is another one than before."""
    if len(wanted) > MOST_AGENTS:
        raise ValidationError({"agents": [f"A rotation has at most {MOST_AGENTS} agents."]})
    present = {agent.user_id: agent for agent in LeadRotationAgent.objects.filter(rotation=rotation)}
    kept: dict[int, LeadRotationAgent] = {}
    changed = False
    for index, values in enumerate(wanted):
        with nesting.within(f"agents.{index}"):
            user = User.objects.find(actor, values.get("users_id"), argument="users_id")
            if user.pk in kept:
                raise ValidationError({"users_id": ["This user is in the rotation already."]})
            agent = present.get(user.pk) or _new_agent(rotation, user, actor)
            changed |= _write_agent(agent, values, actor)
            kept[user.pk] = agent
    gone = [agent for user_id, agent in present.items() if user_id not in kept]
    _spread_credit(gone, list(kept.values()))
    for agent in gone:
        agent.delete()
    return changed or bool(gone)


def _new_agent(rotation: LeadRotation, user: User, actor: Actor) -> LeadRotationAgent:
    if not User.objects.assignable_in(actor.company_id).filter(pk=user.pk).exists():
        raise ValidationError({"users_id": ["An agent is an active member who is not a viewer."]})
    return LeadRotationAgent(company_id=actor.company_id, rotation=rotation, user=user)


def _write_agent(agent: LeadRotationAgent, values: RotationAgentValues, actor: Actor) -> bool:
    if values.get("percent") is not None or agent._state.adding:
        agent.percent = _percent(values.get("percent"))
    if "phone" in values:
        agent.phone = values["phone"]
    return saving.store(agent, actor=actor).changed


def _percent(value: Any) -> Decimal:
    if value is None:
        raise ValidationError({"percent": ["This field is required."]})
    try:
        # A float is taken as it is written, not as it is stored in binary.
        percent = Decimal(str(value)).normalize()
    except InvalidOperation as unreadable:
        raise ValidationError({"percent": ["Enter a number."]}) from unreadable
    if not percent.is_finite() or not 0 <= percent <= 100:
        raise ValidationError({"percent": ["A percentage is between 0 and 100."]})
    if percent * WEIGHT_OF_PERCENT % 1:
        raise ValidationError({"percent": ["A percentage has at most four decimal places."]})
    return percent


def _spread_credit(gone: Sequence[LeadRotationAgent], rest: Sequence[LeadRotationAgent]) -> None:
    """Share out what removed agents are owed, or got too much of, so that it is not forgotten."""
    credit = sum(agent.credit for agent in gone)
    if not credit or not rest:
        return
    weights = {agent.pk: int(agent.percent * WEIGHT_OF_PERCENT) for agent in rest}
    weights = {key: weight for key, weight in weights.items() if weight} or dict.fromkeys(weights, 1)
    parts = shares_of(credit, weights)
    for agent in rest:
        agent.credit += parts.get(agent.pk, 0)
    LeadRotationAgent.objects.bulk_update(rest, ["credit"])


@transaction.atomic
def delete_rotation(key: object, *, actor: Actor, replacement_key: object = None) -> None:
    """Remove a rotation; what it decided stays in the routing log.

    :param replacement_key: the rotation that its receivers get.
    :raises NotFound: if the rotation, or the one in its place, does not exist for the actor.
    :raises Conflict: if receivers use it, and no other one takes its place.
    :raises ValidationError: if it is to be replaced by itself.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    rotation = locking.lock(LeadRotation, actor, key)
    replacement = find_replacement(rotation, replacement_key, actor=actor)
    receivers = LeadReceiver.objects.visible_to(actor).filter(rotation=rotation).order_by("pk")
    keys = list(receivers.values_list("pk", flat=True))
    if keys and replacement is None:
        raise Conflict(f"{len(keys)} receivers still use it.", count=len(keys))
    for receiver_key in keys:
        update_receiver(receiver_key, {"rotations_id": replacement and replacement.pk}, actor=actor)
    rotation.delete()


def simulate_turns(key: object, count: int, *, actor: Actor) -> list[TakenTurn]:
    """Show who would get the next leads of a rotation, if its agents stay as they are; nothing is written.

    :param count: how many leads, 1 to 1000.
    :raises NotFound: if the rotation does not exist for the actor.
    :raises ValidationError: if the count is out of range.
    """
    actor.require(Action.READ_ROUTING)
    rotation = LeadRotation.objects.find(actor, key)
    if not 1 <= count <= MOST_SIMULATED:
        raise ValidationError({"count": [f"Simulate 1 to {MOST_SIMULATED} leads."]})
    places: Sequence[Any] = read_places(rotation)
    turns = []
    for _ in range(count):
        turn = decide(rotation, places)
        turns.append(turn)
        places = turn.places
    return turns
