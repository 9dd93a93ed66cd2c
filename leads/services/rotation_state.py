"""The state of a rotation: which agents can take a lead now, who gets the next one, and their credits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypedDict

from django.db.models import Count, Exists, OuterRef, Subquery
from django.utils import timezone

from crm.database.read_once import once
from crm.database.write_behind import change_columns, current
from crm.models import Absence, Membership, User
from crm.models.lifecycle import LIVE
from leads.models import Lead, LeadRotation, LeadRotationAgent
from leads.routing.rotation import Candidate, choose

#: Percentages have four decimal places: the smallest one that is stored has the weight 1.
WEIGHT_OF_PERCENT = 10_000
#: Why an agent is skipped that is to get no leads.
NO_SHARE = "percent 0"
#: How many skipped agents a reason names before it counts the rest.
MOST_NAMED = 5


class CandidateEntry(TypedDict):
    """An agent as the routing log keeps it, with credit and share in billionths of a lead."""

    agent_id: str
    user_id: str
    name: str
    weight: int
    credit: int
    share: int
    skipped: str | None
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class AgentState:
    """An agent of a rotation at one moment; ``unavailable`` is a reason other than its capacity, or None."""

    key: int
    user: User
    weight: int
    credit: int
    unavailable: str | None
    capacity: int | None
    open_leads: int

    @property
    def skipped(self) -> str | None:
        """The reason for which the agent is skipped, None if it is a candidate."""
        if self.unavailable is not None:
            return self.unavailable
        return "at capacity" if self.capacity is not None and self.open_leads >= self.capacity else None


@dataclass(frozen=True, kw_only=True)
class RotationTurn:
    """The user who gets a lead, None if no agent can take one, and the state of all agents after it.

    ``candidates`` holds all that the choice was made from, so that it can be checked later.
    """

    user: User | None
    reason: str
    candidates: list[CandidateEntry]
    agents: Sequence[AgentState]


def take_turn(rotation_id: int) -> RotationTurn:
    """Take the next turn of a rotation, which is locked until the end of the transaction.

    A transaction that is rolled back gives the turn back.
    """
    rotation = once((rotation_id, "rotation"), lambda: _locked(rotation_id))
    # Within a batch the state after each turn is kept; a capacity is that of leads which are open now.
    kept: list[Sequence[AgentState]] = once((rotation_id, "agents"), list)
    agents = kept.pop() if kept else read_agents(rotation)
    turn = next_turn(rotation, agents)
    if turn.user is not None:
        _store(rotation, agents, turn)
    if all(agent.capacity is None for agent in turn.agents):
        kept.append(turn.agents)
    return turn


def _store(rotation: LeadRotation, agents: Sequence[AgentState], turn: RotationTurn) -> None:
    pairs = zip(agents, turn.agents, strict=True)
    changed = [after for before, after in pairs if after.credit != before.credit]
    now = timezone.now()
    if current() is None:
        rows = [LeadRotationAgent(pk=agent.key, credit=agent.credit, updated_at=now) for agent in changed]
        LeadRotationAgent.objects.bulk_update(rows, ["credit", "updated_at"])
    else:
        # Within a batch the last state of each agent is written once.
        for agent in changed:
            columns = {"credit": agent.credit, "updated_at": now}
            change_columns(LeadRotationAgent, [agent.key], columns)
    [chosen] = [agent.key for agent in turn.agents if agent.user is turn.user]
    change_columns(LeadRotationAgent, [chosen], {}, {"hits": 1})
    change_columns(LeadRotation, [rotation.pk], {}, {"hits": 1})


def _locked(rotation_id: int) -> LeadRotation:
    # FOR NO KEY UPDATE: two leads wait for each other here, but rows that refer to the rotation do not.
    return LeadRotation.objects.select_for_update(no_key=True).get(pk=rotation_id)


def read_agents(rotation: LeadRotation) -> list[AgentState]:
    """Read the present state of a rotation's agents, the one who joined first at the head."""
    now = timezone.now()
    member = Membership.objects.filter(company_id=rotation.company_id, user=OuterRef("user"))
    absences = Absence.objects.filter(
        company_id=rotation.company_id, user=OuterRef("user"), starts_at__lte=now, ends_at__gt=now
    )
    assignable = User.objects.assignable_in(rotation.company_id).filter(pk=OuterRef("user"))
    agents: list[Any] = list(
        LeadRotationAgent.objects.filter(rotation=rotation)
        .select_related("user")
        .annotate(
            may_own=Exists(assignable),
            is_absent=Exists(absences),
            capacity=Subquery(member.values("capacity")[:1]),
        )
        .order_by("pk")
    )
    # Only agents with a capacity need it: counting reads every open lead of an agent.
    limited = [agent.user_id for agent in agents if agent.capacity is not None]
    owned = _count_open_leads(rotation.company_id, limited) if limited else {}
    return [
        AgentState(
            key=agent.pk,
            user=agent.user,
            weight=int(agent.percent * WEIGHT_OF_PERCENT),
            credit=agent.credit,
            unavailable=_unavailable(agent),
            capacity=agent.capacity,
            open_leads=owned.get(agent.user_id, 0),
        )
        for agent in agents
    ]


def _count_open_leads(company_id: int, user_ids: Sequence[int]) -> Mapping[int | None, int]:
    leads = Lead.objects.filter(LIVE, company_id=company_id, owner__in=user_ids).open()
    return dict(leads.order_by().values("owner").annotate(number=Count("pk")).values_list("owner", "number"))


def _unavailable(agent: Any) -> str | None:
    if not agent.may_own:
        return "not an active agent"
    if agent.is_absent:
        return "absent"
    return None if agent.percent > 0 else NO_SHARE


def with_percent(agent: AgentState, percent: Decimal) -> AgentState:
    """Return an agent as it would be with another percentage."""
    without = NO_SHARE if not percent else None
    unavailable = without if agent.unavailable in (None, NO_SHARE) else agent.unavailable
    return replace(agent, weight=int(percent * WEIGHT_OF_PERCENT), unavailable=unavailable)


def next_turn(rotation: LeadRotation, agents: Sequence[AgentState]) -> RotationTurn:
    """Choose who gets the next lead of a rotation; nothing is written."""
    # A skipped agent is no candidate: it keeps its credit and is owed nothing of this lead, so that nobody
    # comes back from an absence to a flood of leads.
    candidates = [
        Candidate(key=agent.key, weight=agent.weight, credit=agent.credit)
        for agent in agents
        if agent.skipped is None
    ]
    if not candidates:
        why = "; ".join(_skipped(agents)) or "it has no agents"
        reason = f"Rotation {rotation}: nobody can take leads: {why}."
        return RotationTurn(user=None, reason=reason, candidates=_entries(agents, {}), agents=agents)
    choice = choose(candidates)
    number, chosen = next(
        (number, agent) for number, agent in enumerate(agents, 1) if agent.key == choice.chosen
    )
    skipped = "".join(f"; {words}" for words in _skipped(agents))
    return RotationTurn(
        user=chosen.user,
        reason=f"Rotation {rotation}: {chosen.user}, agent {number} of {len(agents)}{skipped}.",
        candidates=_entries(agents, choice.shares, chosen=choice.chosen),
        agents=[
            replace(
                agent,
                credit=choice.credits.get(agent.key, agent.credit),
                open_leads=agent.open_leads + (agent is chosen),
            )
            for agent in agents
        ],
    )


def _skipped(agents: Sequence[AgentState]) -> list[str]:
    skipped = [f"{agent.user} skipped: {agent.skipped}" for agent in agents if agent.skipped is not None]
    more = len(skipped) - MOST_NAMED
    return skipped[:MOST_NAMED] + ([f"{more} more skipped"] if more > 0 else [])


def _entries(
    agents: Sequence[AgentState], shares: Mapping[int, int], *, chosen: int | None = None
) -> list[CandidateEntry]:
    return [
        {
            "agent_id": str(agent.key),
            "user_id": str(agent.user.pk),
            "name": str(agent.user),
            "weight": agent.weight,
            "credit": agent.credit,
            "share": shares.get(agent.key, 0),
            "skipped": agent.skipped,
            "chosen": agent.key == chosen,
        }
        for agent in agents
    ]
