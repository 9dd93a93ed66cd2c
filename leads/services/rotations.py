"""Create, change, delete and simulate rotations."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Conflict, ConflictReason
from crm.models import User
from crm.services import locking, nesting, saving
from crm.services.replacing import find_replacement
from leads.models import LeadReceiver, LeadRotation, LeadRotationAgent
from leads.routing.rotation import divide
from leads.services.receivers import update_receiver
from leads.services.rotation_state import (
    WEIGHT_OF_PERCENT,
    AgentState,
    RotationTurn,
    next_turn,
    read_agents,
    with_percent,
)

MOST_SIMULATED = 1000
MOST_AGENTS = 500


class RotationAgentValues(TypedDict, total=False):
    """The fields of an agent of a rotation that a client may set: neither credit nor hits."""

    users_id: object
    phone: str | None
    percent: float | Decimal | None


class RotationValues(TypedDict, total=False):
    name: str | None
    leads_rotations_email: str | None
    agents: list[RotationAgentValues] | None


def create_rotation(values: RotationValues, *, actor: Actor) -> LeadRotation:
    """Create a rotation; one without agents assigns no leads."""
    actor.require(Action.CHANGE_LOOKUPS)
    rotation = LeadRotation(company_id=actor.company_id)
    _assign(rotation, values)
    return save_rotation(rotation, actor=actor, agents=values.get("agents"))


@transaction.atomic
def update_rotation(key: object, values: RotationValues, *, actor: Actor) -> LeadRotation:
    """Change the fields that are given; a list of agents replaces the set, and who stays keeps its credit."""
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
    """Validate and store a rotation, and its set of agents if one is given."""
    actor.require(Action.CHANGE_LOOKUPS)
    if rotation._state.adding:
        saving.store(rotation, actor=actor)
        _replace_agents(rotation, agents or [], actor)
        return rotation
    before = locking.stored_values(rotation, actor)
    # A form holds the hits of the time when it was opened; leads may have been routed since.
    rotation.hits = before["hits"]
    changed = agents is not None and _replace_agents(rotation, agents, actor)
    relations = {"agents": [None, len(agents or ())]} if changed else None
    saving.store(rotation, actor=actor, before=before, relations=relations)
    return rotation


def _replace_agents(rotation: LeadRotation, wanted: Sequence[RotationAgentValues], actor: Actor) -> bool:
    """Store the set of agents, and return whether it changed."""
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


def _percent(value: object) -> Decimal:
    if value is None:
        raise ValidationError({"percent": ["This field is required."]})
    try:
        # By its text: Decimal(33.3) would be 33.2999999999999971578...
        percent = Decimal(str(value)).normalize()
    except InvalidOperation as unreadable:
        raise ValidationError({"percent": ["Enter a number."]}) from unreadable
    if not percent.is_finite() or not 0 <= percent <= 100:
        raise ValidationError({"percent": ["A percentage is between 0 and 100."]})
    if percent * WEIGHT_OF_PERCENT % 1:
        raise ValidationError({"percent": ["A percentage has at most four decimal places."]})
    return percent


def _spread_credit(gone: Sequence[LeadRotationAgent], rest: Sequence[LeadRotationAgent]) -> None:
    """Divide the credit of removed agents among the rest by weight: the sum of all credits stays the same."""
    credit = sum(agent.credit for agent in gone)
    if not credit or not rest:
        return
    weights = {agent.pk: int(agent.percent * WEIGHT_OF_PERCENT) for agent in rest}
    # Agents with 0 percent are owed nothing, unless there are no others.
    weights = {key: weight for key, weight in weights.items() if weight} or dict.fromkeys(weights, 1)
    parts = divide(credit, weights)
    for agent in rest:
        agent.credit += parts.get(agent.pk, 0)
    LeadRotationAgent.objects.bulk_update(rest, ["credit"])


@transaction.atomic
def delete_rotation(key: object, *, actor: Actor, replacement_key: object = None) -> None:
    """Delete a rotation; its decisions stay in the routing log."""
    actor.require(Action.CHANGE_LOOKUPS)
    rotation = locking.lock(LeadRotation, actor, key)
    replacement = find_replacement(rotation, replacement_key, actor=actor)
    receivers = LeadReceiver.objects.visible_to(actor).filter(rotation=rotation).order_by("pk")
    keys = list(receivers.values_list("pk", flat=True))
    if keys and replacement is None:
        raise Conflict(ConflictReason.IN_USE, f"{len(keys)} receivers still use it.", count=len(keys))
    for receiver_key in keys:
        update_receiver(receiver_key, {"rotations_id": replacement and replacement.pk}, actor=actor)
    rotation.delete()


def simulate_turns(
    key: object, count: int, *, actor: Actor, percents: Mapping[int, object] | None = None
) -> list[RotationTurn]:
    """Return who would get the next leads of a rotation if its agents stay as they are; write nothing.

    :param percents: other percentages of agents, by their keys; those of the rest stay.
    """
    actor.require(Action.READ_ROUTING)
    rotation = LeadRotation.objects.find(actor, key)
    if not 1 <= count <= MOST_SIMULATED:
        raise ValidationError({"count": [f"Simulate 1 to {MOST_SIMULATED} leads."]})
    others = {agent: _percent(percent) for agent, percent in (percents or {}).items()}
    agents: Sequence[AgentState] = [
        with_percent(agent, others[agent.key]) if agent.key in others else agent
        for agent in read_agents(rotation)
    ]
    turns = []
    for _ in range(count):
        turn = next_turn(rotation, agents)
        turns.append(turn)
        agents = turn.agents
    return turns
