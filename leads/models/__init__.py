"""Models of leads."""

from leads.models.amount_tallies import AmountTally
from leads.models.involvement import LeadFollower, LeadParticipant, LeadPerson
from leads.models.lead import Lead, LeadFile
from leads.models.lookups import LeadSource, LeadStatus, LeadType, StatusCategory
from leads.models.lost_reasons import LeadLostReason
from leads.models.received_mails import LoggedMail, ReceivedMail
from leads.models.receivers import LeadReceiver, ReceiverKind, Verification
from leads.models.rotations import LeadRotation, LeadRotationAgent
from leads.models.rotting import LastActivity
from leads.models.routing_logs import AttemptStatus, LeadRoutingLog, ReceiverAttempt, RoutingOutcome
from leads.models.stage_visits import StageVisit

__all__ = [
    "AmountTally",
    "AttemptStatus",
    "LastActivity",
    "Lead",
    "LeadFile",
    "LeadFollower",
    "LeadLostReason",
    "LeadParticipant",
    "LeadPerson",
    "LeadReceiver",
    "LeadRotation",
    "LeadRotationAgent",
    "LeadRoutingLog",
    "LeadSource",
    "LeadStatus",
    "LeadType",
    "LoggedMail",
    "ReceivedMail",
    "ReceiverAttempt",
    "ReceiverKind",
    "RoutingOutcome",
    "StageVisit",
    "StatusCategory",
    "Verification",
]
