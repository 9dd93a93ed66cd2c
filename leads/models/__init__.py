"""Models of leads."""

from leads.models.involvement import LeadFollower, LeadParticipant
from leads.models.lead import Lead, LeadFile
from leads.models.lookups import LeadSource, LeadStatus, LeadType, StatusCategory
from leads.models.receivers import LeadReceiver

__all__ = [
    "Lead",
    "LeadFile",
    "LeadFollower",
    "LeadParticipant",
    "LeadReceiver",
    "LeadSource",
    "LeadStatus",
    "LeadType",
    "StatusCategory",
]
