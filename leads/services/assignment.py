"""Who owns a new lead, and why: decided once, in the transaction of the lead, and written down."""

from dataclasses import dataclass, field
from typing import Any

from crm.actors import Actor, Door, Role
from crm.models import User
from leads.models import Lead, LeadReceiver, LeadRotation, LeadRoutingLog, ReceiverAttempt, RoutingOutcome
from leads.services import rotation_state
from leads.services.referenced_rows import ReferencedRows
from leads.services.references import LeadValues

#: The doors at which somebody makes one lead by hand.
BY_HAND = (Door.ADMIN, Door.GRAPHQL)


@dataclass(kw_only=True)
class Assignment:
    """What was decided: the owner, the rule it follows from, and all that the rule looked at.

    ``passed`` says of each rule before it why that gave no owner.
    """

    outcome: RoutingOutcome
    owner: User | None = None
    reason: str
    rotation: LeadRotation | None = None
    candidates: list[dict[str, Any]] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)

    def told(self) -> str:
        """Give the decision as one sentence or a few."""
        return " ".join([*self.passed, self.reason])

    def detail(self) -> dict[str, Any]:
        """Give the decision as the log keeps it; the choice of a rotation follows from ``candidates``."""
        kept: dict[str, Any] = {"reason": self.told()}
        return kept | ({"candidates": self.candidates} if self.candidates else {})


def assign_owner(
    lead: Lead, values: LeadValues, referenced: ReferencedRows, *, actor: Actor, member_id: str | None = None
) -> Assignment:
    """Decide who owns a new lead, set the owner, and take the turn of its rotation.

    The first of these that gives an owner: whoever the values name, the receiver's rotation, the member whom
    the delivery names, the receiver's agent, whoever makes a lead by hand without a receiver, the company's
    default owner. Else it is nobody's. A lock on the rotation is held until the end of the transaction.

    :param lead: has its receiver already.
    :param member_id: what the sender of a delivery calls the member who is to own the lead.
    """
    if "leads_owner_id" in values:
        decided = _explicit(lead)
    else:
        passed: list[str] = []
        tried = _tried(lead, referenced, actor, member_id, passed)
        decided = tried or Assignment(outcome=RoutingOutcome.UNASSIGNED, reason="Nobody is to own it.")
        decided.passed = passed
    lead.owner = decided.owner
    return decided


def log_of(
    lead: Lead, assignment: Assignment, *, actor: Actor, attempt: ReceiverAttempt | None = None
) -> LeadRoutingLog:
    """Give what is written down of why a lead has its owner, not stored yet."""
    receiver = lead.receiver
    return LeadRoutingLog(
        company_id=lead.company_id,
        lead=lead,
        receiver=receiver,
        rotation_id=None if receiver is None else receiver.rotation_id,
        user=assignment.owner,
        attempt=attempt,
        outcome=assignment.outcome,
        door=actor.door.value,
        detail=assignment.detail(),
    )


def _explicit(lead: Lead) -> Assignment:
    reason = "Nobody, as was asked for." if lead.owner is None else f"{lead.owner}, as was asked for."
    return Assignment(outcome=RoutingOutcome.EXPLICIT, owner=lead.owner, reason=reason)


def _tried(
    lead: Lead, referenced: ReferencedRows, actor: Actor, member_id: str | None, passed: list[str]
) -> Assignment | None:
    if lead.receiver is not None:
        received = _of_receiver(lead.receiver, actor, member_id, passed)
        if received is not None:
            return received
    elif actor.user_id is not None and actor.door in BY_HAND and actor.role.rank > Role.VIEWER.rank:
        maker = referenced.first("maker")
        return Assignment(outcome=RoutingOutcome.CREATOR, owner=maker, reason=f"{maker}, who made it.")
    return _of_company(lead, actor, passed)


def _of_receiver(
    receiver: LeadReceiver, actor: Actor, member_id: str | None, passed: list[str]
) -> Assignment | None:
    if receiver.rotation_id is not None:
        turn = rotation_state.take_turn(receiver.rotation_id)
        if turn.user is not None:
            return Assignment(
                outcome=RoutingOutcome.ROTATION,
                owner=turn.user,
                rotation=turn.rotation,
                reason=turn.reason,
                candidates=turn.candidates,
            )
        passed.append(turn.reason)
    if member_id is not None:
        named = assignable(actor).filter(memberships__member_id=member_id).first()
        if named is not None:
            reason = f"{named}, whom the delivery names."
            return Assignment(outcome=RoutingOutcome.MEMBER, owner=named, reason=reason)
        passed.append(f"No member who may own leads has the member id {member_id[:64]}.")
    agent = receiver.agent
    if agent is None:
        passed.append(f"The receiver {receiver} has no agent.")
    elif not receiver.agent_may_own:
        passed.append(f"{agent}, the agent of the receiver {receiver}, may not own leads now.")
    else:
        reason = f"{agent}, the agent of the receiver {receiver}."
        return Assignment(outcome=RoutingOutcome.RECEIVER_AGENT, owner=agent, reason=reason)
    return None


def _of_company(lead: Lead, actor: Actor, passed: list[str]) -> Assignment | None:
    key = lead.company.default_owner_id
    if key is None:
        passed.append("The company has no default owner.")
        return None
    owner = assignable(actor).filter(pk=key).first()
    if owner is None:
        passed.append("The company's default owner may not own leads now.")
        return None
    reason = f"{owner}, the company's default owner."
    return Assignment(outcome=RoutingOutcome.COMPANY_DEFAULT, owner=owner, reason=reason)


def assignable(actor: Actor) -> Any:
    """Give the members of the actor's company who may own leads."""
    return User.objects.assignable_in(actor.company_id)
