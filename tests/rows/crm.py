"""Rows of users, files, tags, timelines, imports and webhooks."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils import timezone

from crm.models import (
    Absence,
    Activity,
    ActivityParticipant,
    ApiToken,
    AuditEntry,
    CalendarFeed,
    Company,
    CustomFieldDefinition,
    Filesystem,
    Invitation,
    Membership,
    MessageFile,
    Notification,
    NotificationMail,
    NotificationPreference,
    RegisteredDocument,
    SocialChannel,
    Tag,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from crm.models.channels import ChannelMember
from crm.models.exports import ExportJob
from crm.models.import_mappings import ImportMapping
from crm.models.imports import ImportJob, ImportRow, ImportRowError
from crm.models.messages import Message
from leads.models import Lead
from tests.factories import crm
from tests.rows.sets import Recipe, named, named_once, with_file


def _member(*, company: Company, **values: Any) -> User:
    user: User = crm.UserFactory(**values)
    crm.MembershipFactory(company=company, user=user)
    return user


def _notification(*, company: Company, users: dict[str, User], **values: Any) -> Notification:
    """Make a notification of an administrator, and the same one of others, as each sees their own alone."""
    rows = [
        Notification.objects.create(company=company, user=users[member], **values)
        for member in ("viewer", "agent", "manager", "admin")
    ]
    return rows[-1]


RECIPES: dict[type[Model], Recipe] = {
    # A set takes the company of its tenant, so this only makes a further one.
    Company: Recipe("company", lambda rows: {"name": rows.mark}, crm.CompanyFactory),
    User: Recipe(
        "user",
        lambda rows: {"company": rows.company, "displayname": rows.mark, "first_name": rows.mark},
        _member,
    ),
    # A member is made with the user, since nobody else may own or do anything in a company.
    Membership: Recipe(
        "membership", lambda rows: {"company": rows.company, "user": rows[User]}, Membership.objects.get
    ),
    Invitation: Recipe(
        "invitation",
        lambda rows: {
            "membership": rows[Membership],
            "email": f"{rows.mark.lower()}@example.com",
            "hash": uuid4().hex * 2,
            "fault": rows.mark,
            "expires_at": timezone.now() + timedelta(days=1),
        },
    ),
    AuditEntry: Recipe(
        "audit_entry",
        lambda rows: {
            "company": rows.company,
            "event": "SIGN_IN",
            "user": rows[User],
            "detail": rows.mark,
        },
    ),
    CalendarFeed: Recipe(
        "calendar_feed", lambda rows: {"membership": rows[Membership], "hash": uuid4().hex * 2}
    ),
    ApiToken: Recipe("token", lambda rows: {**named(rows), "user": rows[User]}, crm.ApiTokenFactory),
    Absence: Recipe(
        "absence",
        lambda rows: {
            "company": rows.company,
            "user": rows[User],
            "starts_at": timezone.now(),
            "ends_at": timezone.now() + timedelta(days=1),
            "reason": rows.mark,
        },
    ),
    CustomFieldDefinition: Recipe(
        "definition", lambda rows: {**named_once(rows), "label": rows.mark}, crm.CustomFieldDefinitionFactory
    ),
    Filesystem: Recipe("file", named, crm.FilesystemFactory),
    Tag: Recipe("tag", named_once, crm.TagFactory),
    RegisteredDocument: Recipe(
        "document", lambda rows: {**named_once(rows), "hash": uuid4().hex * 2, "text": rows.mark}
    ),
    ImportJob: Recipe(
        "import_job",
        lambda rows: {
            "company": rows.company,
            "user": rows[User],
            "model": "PEOPLE",
            "filename": rows.mark,
            "fingerprint": uuid4().hex * 2,
            "status": "COMPLETED",
        },
    ),
    ImportMapping: Recipe("import_mapping", lambda rows: {**named_once(rows), "model": "PEOPLE"}),
    ImportRow: Recipe(
        "import_row",
        lambda rows: {
            "job": rows[ImportJob],
            # The job may have entries of its own.
            "number": 1_000,
            "action": "REJECT",
            "hash": uuid4().hex,
            "message": rows.mark,
        },
    ),
    ExportJob: Recipe(
        "export_job",
        lambda rows: {
            "company": rows.company,
            "user": rows[User],
            "model": "PEOPLE",
            "format": "CSV",
            "status": "COMPLETED",
            "notes": [rows.mark],
        },
    ),
    ImportRowError: Recipe(
        "import_row_error",
        lambda rows: {"job": rows[ImportJob], "row": 1, "code": "VALIDATION", "message": rows.mark},
    ),
    WebhookEndpoint: Recipe(
        "webhook_endpoint", lambda rows: {**named(rows), "url": "https://receiver.example.com/"}
    ),
    WebhookDelivery: Recipe(
        "webhook_delivery",
        lambda rows: {
            "company": rows.company,
            "endpoint": rows[WebhookEndpoint],
            "type": "test",
            "place": 0,
            "occurred_at": timezone.now(),
            "error": rows.mark,
        },
    ),
    Activity: Recipe(
        "note",
        lambda rows: {
            "company": rows.company,
            "entity": rows[Lead],
            "kind": "CALL",
            "subject": rows.mark,
            "text": rows.mark,
            "outcome": rows.mark,
            "starts_at": timezone.now(),
            "user": rows[User],
            "assignee": rows[User],
        },
    ),
    ActivityParticipant: Recipe(
        "activity_participant", lambda rows: {"activity": rows[Activity], "user": rows[User]}
    ),
    Notification: Recipe(
        "notification",
        lambda rows: {
            "company": rows.company,
            "users": rows.tenant.users,
            "kind": "MENTIONED",
            "content_type": ContentType.objects.get_for_model(Lead),
            "object_id": rows[Lead].pk,
            "activity": rows[Activity],
            "by": rows[User],
            "text": rows.mark,
            "key": uuid4().hex,
            "delivery": "IN_APP",
            "read_at": timezone.now(),
            "mail": NotificationMail.objects.create(
                membership=rows[Membership], sent_at=timezone.now(), next_attempt_at=None
            ),
        },
        _notification,
    ),
    NotificationPreference: Recipe(
        "notification_preference",
        lambda rows: {"membership": rows[Membership], "kind": "MENTIONED", "delivery": "OFF"},
    ),
    SocialChannel: Recipe(
        "channel",
        lambda rows: {**named(rows), "slug": str(rows[Lead].uuid), "entity": rows[Lead]},
    ),
    ChannelMember: Recipe(
        "channel_member", lambda rows: {"channel": rows[SocialChannel], "user": rows[User]}
    ),
    Message: Recipe(
        "message",
        lambda rows: {
            "company": rows.company,
            "channel": rows[SocialChannel],
            "user": rows[User],
            "message": rows.mark,
        },
    ),
    MessageFile: Recipe("message_file", lambda rows: {**with_file(rows), "message": rows[Message]}),
}
