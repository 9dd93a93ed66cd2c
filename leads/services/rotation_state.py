"""The turns of a rotation: who can take a lead now, who gets it, and the credits afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Subquery
from django.utils import timezone

from crm.models import Absence, Membership, User
from crm.models.lifecycle import LIVE
from leads.models import Lead, LeadRotation, LeadRotationAgent
from leads.routing.rotation import Candidate, next_turn

#: Hundredths of a hundredth of a percent: the smallest weight that is stored is 1.
WEIGHT_OF_PERCENT = 10_000
#: How many of those who were passed over a sentence names.
MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class AgentState:
    """An agent's place in a rotation at one moment.

    ``away`` says why the agent can take no lead; None if it can, unless ``open_leads`` fill its capacity.
    """

    key: int
    user: User
    weight: int
    credit: int
    away: str | None
    capacity: int | None
    open_leads: int

    @property
    def skipped(self) -> str | None:
        """Why the agent is passed over, None if it is a candidate."""
        if self.away is not None:
            return self.away
        return "at capacity" if self.capacity is not None and self.open_leads >= self.capacity else None


@dataclass(frozen=True, kw_only=True)
class TakenTurn:
    """Who gets a lead and why; nobody if no agent can take one.

    ``candidates`` are all agents with what the choice was made from; ``places`` is how they stand afterwards.
    """

    rotation: LeadRotation
    user: User | None
    reason: str
    candidates: list[dict[str, Any]]
    places: Sequence[AgentState] = field(default=())


def take_turn(rotation_id: int) -> TakenTurn:
    """Take the next turn of a rotation, under a lock on it until the end of the transaction.

    A transaction that is rolled back gives the turn back.
    """
    # Rows that refer to the rotation may be written meanwhile, but no turn taken.
    rotation = LeadRotation.objects.select_for_update(no_key=True).get(pk=rotation_id)
    places = read_places(rotation)
    turn = decide(rotation, places)
    if turn.user is not None:
        before = {place.key: place.credit for place in places}
        changed = [
            LeadRotationAgent(pk=place.key, credit=place.credit, updated_at=timezone.now())
            for place in turn.places
            if place.credit != before[place.key]
        ]
        LeadRotationAgent.objects.bulk_update(changed, ["credit", "updated_at"])
        LeadRotationAgent.objects.filter(rotation=rotation, user=turn.user).update(hits=F("hits") + 1)
        LeadRotation.objects.filter(pk=rotation.pk).update(hits=F("hits") + 1)
    return turn


def read_places(rotation: LeadRotation) -> list[AgentState]:
    """Read how the agents of a rotation stand now, in the order in which ties are broken."""
    now = timezone.now()
    member = Membership.objects.filter(company_id=rotation.company_id, user=OuterRef("user"))
    absences = Absence.objects.filter(
        company_id=rotation.company_id, user=OuterRef("user"), starts_at__lte=now, ends_at__gt=now
    )
    assignable = User.objects.assignable_in(rotation.company_id).filter(pk=OuterRef("user"))
    agents: Any = list(
        LeadRotationAgent.objects.filter(rotation=rotation)
        .select_related("user")
        .annotate(
            may_own=Exists(assignable),
            is_absent=Exists(absences),
            capacity=Subquery(member.values("capacity")[:1]),
        )
        .order_by("pk")
    )
    limited = [agent.user_id for agent in agents if agent.capacity is not None]
    owned = _open_leads(rotation.company_id, limited) if limited else {}
    return [
        AgentState(
            key=agent.pk,
            user=agent.user,
            weight=int(agent.percent * WEIGHT_OF_PERCENT),
            credit=agent.credit,
            away=_away(agent),
            capacity=agent.capacity,
            open_leads=owned.get(agent.user_id, 0),
        )
        for agent in agents
    ]


def _open_leads(company_id: int, user_ids: Sequence[int]) -> Mapping[int | None, int]:
    leads = Lead.objects.filter(LIVE, company_id=company_id, owner__in=user_ids)
    counted = leads.open().order_by().values("owner")
    return dict(counted.annotate(number=Count("pk")).values_list("owner", "number"))


def _away(agent: Any) -> str | None:
    if not agent.may_own:
        return "not an active agent"
    if agent.is_absent:
        return "absent"
    return None if agent.percent > 0 else "percent 0"


def decide(rotation: LeadRotation, places: Sequence[AgentState]) -> TakenTurn:
    """Say who gets the next lead of a rotation, as its agents stand; nothing is written.

    Whoever is passed over keeps its credit, and is owed nothing of this lead.
    """
    candidates = [
        Candidate(key=place.key, weight=place.weight, credit=place.credit)
        for place in places
        if place.skipped is None
    ]
    if not candidates:
        why = "; ".join(_passed_over(places)) or "it has no agents"
        reason = f"Rotation {rotation}: nobody can take leads: {why}."
        return TakenTurn(
            rotation=rotation, user=None, reason=reason, candidates=_listed(places, {}), places=places
        )
    turn = next_turn(candidates)
    number, chosen = next(
        (number, place) for number, place in enumerate(places, 1) if place.key == turn.chosen
    )
    passed_over = "".join(f"; {words}" for words in _passed_over(places))
    after = [
        replace(
            place,
            credit=turn.credits.get(place.key, place.credit),
            open_leads=place.open_leads + (place.key == turn.chosen),
        )
        for place in places
    ]
    return TakenTurn(
        rotation=rotation,
        user=chosen.user,
        reason=f"Rotation {rotation}: {chosen.user}, agent {number} of {len(places)}{passed_over}.",
        candidates=_listed(places, turn.shares, chosen=turn.chosen),
        places=after,
    )


def _passed_over(places: Sequence[AgentState]) -> list[str]:
    skipped = [f"{place.user} skipped: {place.skipped}" for place in places if place.skipped is not None]
    more = len(skipped) - MOST_NAMED
    return skipped[:MOST_NAMED] + ([f"{more} more skipped"] if more > 0 else [])


def _listed(
    places: Sequence[AgentState], shares: Mapping[int, int], *, chosen: int | None = None
) -> list[dict[str, Any]]:
    """Give the agents as the log keeps them, with credit and share in billionths of a lead."""
    return [
        {
            "agent_id": str(place.key),
            "user_id": str(place.user.pk),
            "name": str(place.user),
            "weight": place.weight,
            "credit": place.credit,
            "share": shares.get(place.key, 0),
            "skipped": place.skipped,
            "chosen": place.key == chosen,
        }
        for place in places
    ]
