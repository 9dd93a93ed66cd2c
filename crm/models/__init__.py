"""The models of the crm app, which the other apps build on."""

from crm.models.absences import Absence
from crm.models.accounts import User
from crm.models.activities import Activity, ActivityParticipant
from crm.models.activity_kinds import ActivityKind, Direction, Priority
from crm.models.browser_sessions import BrowserSession
from crm.models.calendar_feeds import CalendarFeed
from crm.models.channels import ChannelMember, SocialChannel
from crm.models.companies import Company, LeadVisibility, Membership
from crm.models.custom_fields import CustomFieldDefinition, CustomFieldKind, EntityKind
from crm.models.documents import RegisteredDocument
from crm.models.events import Event, EventCounter, EventKind
from crm.models.exports import ExportJob, ExportKind
from crm.models.files import FileLink, Filesystem, FileUsage
from crm.models.history import HistoryEntry, HistoryKind
from crm.models.idempotency import IdempotencyKey
from crm.models.import_mappings import ImportMapping
from crm.models.imports import (
    DuplicatePolicy,
    ImportJob,
    ImportKind,
    ImportRow,
    ImportRowError,
    ImportStatus,
    JobUndo,
    RowAction,
    UndoState,
)
from crm.models.invitations import Invitation, InvitationState
from crm.models.list_views import ListColumns, ListView
from crm.models.logos import CompanyLogo
from crm.models.messages import Message, MessageFile
from crm.models.notifications import (
    Notification,
    NotificationDelivery,
    NotificationKind,
    NotificationMail,
    NotificationPreference,
    NotificationSource,
)
from crm.models.sign_ins import AuditEntry, AuditEvent, AuditOutcome, SignInFailures
from crm.models.tags import Tag
from crm.models.tallies import Tally
from crm.models.tokens import ApiToken
from crm.models.webhooks import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from crm.models.work import WorkOutcome, WorkPart

__all__ = [
    "Absence",
    "Activity",
    "ActivityKind",
    "ActivityParticipant",
    "ApiToken",
    "AuditEntry",
    "AuditEvent",
    "AuditOutcome",
    "BrowserSession",
    "CalendarFeed",
    "ChannelMember",
    "Company",
    "CompanyLogo",
    "CustomFieldDefinition",
    "CustomFieldKind",
    "DeliveryStatus",
    "Direction",
    "DuplicatePolicy",
    "EntityKind",
    "Event",
    "EventCounter",
    "EventKind",
    "ExportJob",
    "ExportKind",
    "FileLink",
    "FileUsage",
    "Filesystem",
    "HistoryEntry",
    "HistoryKind",
    "IdempotencyKey",
    "ImportJob",
    "ImportKind",
    "ImportMapping",
    "ImportRow",
    "ImportRowError",
    "ImportStatus",
    "Invitation",
    "InvitationState",
    "JobUndo",
    "LeadVisibility",
    "ListColumns",
    "ListView",
    "Membership",
    "Message",
    "MessageFile",
    "Notification",
    "NotificationDelivery",
    "NotificationKind",
    "NotificationMail",
    "NotificationPreference",
    "NotificationSource",
    "Priority",
    "RegisteredDocument",
    "RowAction",
    "SignInFailures",
    "SocialChannel",
    "Tag",
    "Tally",
    "UndoState",
    "User",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WorkOutcome",
    "WorkPart",
]
