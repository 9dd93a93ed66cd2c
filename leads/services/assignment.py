"""Choose the owner of a new lead, once, in the transaction of the lead; docs/routing.md has the rules."""

from dataclasses import dataclass, field

from django.db.models import QuerySet

from crm.actors import Actor, Door, Role
from crm.database.new_rows import new_row, relate
from crm.models import User
from crm.texts import single_line
from leads.models import Lead, LeadReceiver, LeadRoutingLog, ReceiverAttempt, RoutingOutcome
from leads.services.lead_input import LeadValues
from leads.services.referenced_rows import ReferencedRows
from leads.services.rotation_state import CandidateEntry, take_turn

#: The doors at which somebody creates one lead by hand. The creator of an import owns none of its leads.
BY_HAND = (Door.ADMIN, Door.GRAPHQL)


@dataclass(kw_only=True)
class Assignment:
    """The owner of a new lead and the rule that chose it; ``passed`` says why each rule before it did not."""

    outcome: RoutingOutcome
    owner: User | None = None
    reason: str
    candidates: list[CandidateEntry] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)

    def detail(self) -> dict[str, object]:
        """Return the decision as the routing log keeps it."""
        reason = " ".join([*self.passed, self.reason])
        return {"reason": reason} | ({"candidates": self.candidates} if self.candidates else {})


def assign_owner(
    lead: Lead, values: LeadValues, rows: ReferencedRows, *, actor: Actor, member_id: str | None = None
) -> Assignment:
    """Choose and set the owner of a new lead; a rotation that is used stays locked until the commit.

    :param lead: has its receiver already.
    :param member_id: the member id by which a delivery names the owner.
    """
    if "leads_owner_id" in values:
        requested = "Unassigned, as requested." if lead.owner is None else f"{lead.owner}, as requested."
        return Assignment(outcome=RoutingOutcome.EXPLICIT, owner=lead.owner, reason=requested)
    passed: list[str] = []
    assignment = _by_rules(lead, rows, actor, member_id, passed)
    if assignment is None:
        assignment = Assignment(outcome=RoutingOutcome.UNASSIGNED, reason="The lead is unassigned.")
    assignment.passed = passed
    lead.owner = assignment.owner
    return assignment


def routing_log(
    lead: Lead, assignment: Assignment, *, actor: Actor, attempt: ReceiverAttempt | None = None
) -> LeadRoutingLog:
    """Return the row that records why a lead has its owner, not stored yet."""
    receiver = lead.receiver
    owner = assignment.owner
    log = new_row(
        LeadRoutingLog,
        company_id=lead.company_id,
        lead_id=lead.pk,
        receiver_id=None if receiver is None else receiver.pk,
        rotation_id=None if receiver is None else receiver.rotation_id,
        user_id=None if owner is None else owner.pk,
        attempt_id=None if attempt is None else attempt.pk,
        outcome=assignment.outcome,
        door=actor.door.value,
        detail=assignment.detail(),
    )
    for name, row in (("lead", lead), ("receiver", receiver), ("user", owner), ("attempt", attempt)):
        if row is not None:
            relate(log, name, row)
    return log


def _by_rules(
    lead: Lead, rows: ReferencedRows, actor: Actor, member_id: str | None, passed: list[str]
) -> Assignment | None:
    if lead.receiver is not None:
        assignment = _by_receiver(lead.receiver, actor, member_id, passed)
        if assignment is not None:
            return assignment
    # A viewer may not own leads, and a system actor is no user.
    elif actor.user_id is not None and actor.door in BY_HAND and actor.role.rank > Role.VIEWER.rank:
        reason = f"{rows.creator}, who created it."
        return Assignment(outcome=RoutingOutcome.CREATOR, owner=rows.creator, reason=reason)
    return _by_company(lead, actor, passed)


def _by_receiver(
    receiver: LeadReceiver, actor: Actor, member_id: str | None, passed: list[str]
) -> Assignment | None:
    if receiver.rotation_id is not None:
        turn = take_turn(receiver.rotation_id)
        if turn.user is not None:
            return Assignment(
                outcome=RoutingOutcome.ROTATION,
                owner=turn.user,
                reason=turn.reason,
                candidates=turn.candidates,
            )
        passed.append(turn.reason)
    if member_id is not None:
        named = _assignable(actor).filter(memberships__member_id=single_line(member_id)).first()
        if named is not None:
            reason = f"{named}, named by the delivery."
            return Assignment(outcome=RoutingOutcome.MEMBER, owner=named, reason=reason)
        # Cut: a stranger chose this text, and it is kept in the log.
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


def _by_company(lead: Lead, actor: Actor, passed: list[str]) -> Assignment | None:
    key = lead.company.default_owner_id
    if key is None:
        passed.append("The company has no default owner.")
        return None
    # Checked here and not when the default is set: the owner may have left or become a viewer since.
    owner = _assignable(actor).filter(pk=key).first()
    if owner is None:
        passed.append("The company's default owner may not own leads now.")
        return None
    reason = f"{owner}, the company's default owner."
    return Assignment(outcome=RoutingOutcome.COMPANY_DEFAULT, owner=owner, reason=reason)


def _assignable(actor: Actor) -> QuerySet[User]:
    members: QuerySet[User] = User.objects.assignable_in(actor.company_id)
    return members
