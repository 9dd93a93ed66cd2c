"""Notifications: what members hear of their work, by which way, and the mails that carry it."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from crm.actors import Action, Actor
from crm.models.activities import Activity
from crm.models.base import Stamped, TenantModel, TenantQuerySet
from crm.models.companies import Membership
from crm.models.leases import Leased, LeasedQuerySet
from crm.models.records import has_visible_record

LONGEST_NOTIFICATION = 255


class NotificationKind(models.TextChoices):
    """The occasions of which a member is notified."""

    LEAD_ASSIGNED = "LEAD_ASSIGNED", "Lead assigned to me"
    TASK_DUE = "TASK_DUE", "Task due"
    MENTIONED = "MENTIONED", "Mentioned in a note"
    LEAD_ROTS = "LEAD_ROTS", "Lead rots"
    IMPORT_DONE = "IMPORT_DONE", "Import done"
    RECEIVER_FAILING = "RECEIVER_FAILING", "Receiver failing"


class NotificationDelivery(models.TextChoices):
    """The ways in which a member hears of a kind; each but the first also shows it in the application."""

    OFF = "OFF", "Off"
    IN_APP = "IN_APP", "In the application"
    MAIL = "MAIL", "By mail at once"
    DIGEST = "DIGEST", "By mail once a day"


class NotificationQuerySet(TenantQuerySet["Notification"]):
    def visible_to(self, actor: Actor) -> Self:
        """Narrow to the actor's own that are about something that the actor still sees."""
        about = has_visible_record(actor) | Q(kind=NotificationKind.IMPORT_DONE)
        if actor.may(Action.READ_ROUTING):
            about |= Q(kind=NotificationKind.RECEIVER_FAILING)
        is_live = Q(activity=None) | Q(activity__deleted_at=None)
        return super().visible_to(actor).filter(about, is_live, user=actor.user_id)

    def unread(self) -> Self:
        return self.filter(read_at=None)


class NotificationMail(Leased, Stamped):
    """One mail to one member: a single notification, or those of a day.

    It is sent under a lease. A process that dies between sending it and noting that leaves it to be sent
    again, with the same Message-ID; so a mail may come twice, but none is lost.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Led by the constraint's index.
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="+", db_index=False)
    #: The day of a digest in the member's time zone; null for a single notification.
    day = models.DateField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    #: Null once it was sent, dropped or given up.
    next_attempt_at = models.DateTimeField(null=True, db_default=Now())
    sent_at = models.DateTimeField(null=True)
    #: Why it was not sent, in words for an operator.
    fault = models.CharField(max_length=255, blank=True)

    objects: ClassVar[LeasedQuerySet["NotificationMail"]] = LeasedQuerySet["NotificationMail"].as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "day"], name="digest_once_a_day")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(next_attempt_at__isnull=False),
                name="notification_mail_due",
            )
        ]

    def __str__(self) -> str:
        return f"Mail to {self.membership_id}, {'not sent' if self.sent_at is None else 'sent'}"


class Notification(TenantModel):
    """One thing that one member is to hear of. It is deleted by age alone."""

    # Led by the constraint's index.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=16, choices=NotificationKind.choices)
    #: What it is about: a record, an import or a receiver.
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+", db_index=False)
    object_id = models.BigIntegerField()
    #: The task that is due, or the note with the mention.
    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, null=True, related_name="+")
    #: When a task became due or a lead's last activity was: the same task is due again when it was moved.
    moment = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.CharField(max_length=LONGEST_NOTIFICATION)
    #: Names the occasion: nobody is notified of one twice.
    key = models.CharField(max_length=80)
    read_at = models.DateTimeField(null=True)
    #: How the member wanted to hear of it when it was made.
    delivery = models.CharField(max_length=6, choices=NotificationDelivery.choices)
    mail = models.ForeignKey(
        NotificationMail, on_delete=models.SET_NULL, null=True, related_name="notifications"
    )

    objects: ClassVar[NotificationQuerySet] = NotificationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "company", "key"], name="notification_once"),
        ]
        indexes = [
            models.Index("company", "user", models.F("id").desc(), name="notification_newest"),
            models.Index(fields=["company", "user"], condition=Q(read_at=None), name="notification_unread"),
            models.Index(fields=["content_type", "object_id"], name="notification_about"),
            models.Index(
                fields=["company", "user"],
                condition=Q(delivery="DIGEST", mail=None, read_at=None),
                name="notification_for_digest",
            ),
            models.Index(fields=["created_at"], name="notification_by_age"),
        ]

    def __str__(self) -> str:
        return self.text


class NotificationPreference(Stamped):
    """The way in which a member hears of one kind; a kind without one has the product's default."""

    membership = models.ForeignKey(
        Membership, on_delete=models.CASCADE, related_name="notification_preferences", db_index=False
    )
    kind = models.CharField(max_length=16, choices=NotificationKind.choices)
    delivery = models.CharField(max_length=6, choices=NotificationDelivery.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["membership", "kind"], name="notification_preference_once")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_delivery_display()}"


class NotificationSource(models.Model):
    """The position that notifications of one source have come to: the event log, due tasks, leads that rot.

    Whoever makes them locks its row, so that one process at a time does.
    """

    name = models.CharField(max_length=40, unique=True)
    #: The number of the last event that was looked at; of the event log alone.
    position = models.BigIntegerField(default=0)
    #: The moment up to which everything was looked at; of the others.
    until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
