"""What members do with their notifications: read them, and choose how they hear of each kind."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm.actors import Action, Actor
from crm.database.batch_reads import BatchPart, BatchRead
from crm.database.batches import Batch, delete_in_batches
from crm.database.keys import parse_id
from crm.errors import NotFound
from crm.models import (
    Membership,
    Notification,
    NotificationDelivery,
    NotificationKind,
    NotificationMail,
    NotificationPreference,
)
from crm.services.bulk import check_keys

#: Unread notifications are counted up to this number.
MOST_COUNTED = 100
#: How a member hears of a kind who has chosen nothing.
DEFAULTS: Mapping[str, NotificationDelivery] = {
    NotificationKind.LEAD_ASSIGNED: NotificationDelivery.MAIL,
    NotificationKind.TASK_DUE: NotificationDelivery.IN_APP,
    NotificationKind.MENTIONED: NotificationDelivery.MAIL,
    NotificationKind.LEAD_ROTS: NotificationDelivery.DIGEST,
    NotificationKind.IMPORT_DONE: NotificationDelivery.IN_APP,
    NotificationKind.RECEIVER_FAILING: NotificationDelivery.MAIL,
}


def count_unread(actor: Actor) -> int:
    """Return the number of the actor's unread notifications, up to ``MOST_COUNTED``."""
    return len(_UNREAD.read(actor)["unread"])


def _first_unread(actor: Actor) -> dict[str, BatchPart]:
    unread = Notification.objects.visible_to(actor).unread()
    counted = Notification.objects.filter(pk__in=unread.values("pk")[:MOST_COUNTED])
    return {"unread": BatchPart(counted, ("id",))}


#: Each page of the admin counts: composing the query took longer than running it.
_UNREAD = BatchRead(_first_unread)


@transaction.atomic
def mark_read(keys: Sequence[object], *, actor: Actor) -> int:
    """Mark notifications of the actor as read; return how many were not.

    :raises NotFound: if one of them does not exist for the actor; then none is marked.
    """
    actor.require(Action.CHANGE_OWN)
    wanted = [parse_id(key) for key in check_keys(keys)]
    rows = Notification.objects.visible_to(actor).filter(pk__in=[key for key in wanted if key is not None])
    found = set(rows.values_list("pk", flat=True))
    for index, key in enumerate(wanted):
        if key not in found:
            raise NotFound(f"ids.{index}")
    unread = Notification.objects.filter(pk__in=found).unread()
    return unread.update(read_at=timezone.now(), updated_at=timezone.now())


@transaction.atomic
def mark_all_read(*, actor: Actor, until: datetime | None = None) -> int:
    """Mark all notifications of the actor as read; return how many were not.

    :param until: leaves those unread that were made later: the actor may not have seen them.
    """
    actor.require(Action.CHANGE_OWN)
    # Those that are hidden from the actor too: they would be counted again if the record comes back.
    unread = Notification.objects.filter(company=actor.company_id, user=actor.user_id).unread()
    if until is not None:
        unread = unread.filter(created_at__lte=until)
    return unread.update(read_at=timezone.now(), updated_at=timezone.now())


def own_membership(actor: Actor) -> Membership:
    """Return the membership of the actor.

    :raises NotFound: for the product itself, which is no member.
    """
    found = Membership.objects.filter(company=actor.company_id, user=actor.user_id).first()
    if found is None:
        raise NotFound("user_id")
    return found


def preferences_of(membership: Membership) -> list[NotificationPreference]:
    """Return how a member hears of each kind; a preference that is the default has no key."""
    stored = {row.kind: row for row in NotificationPreference.objects.filter(membership=membership)}
    return [
        stored.get(kind) or NotificationPreference(membership=membership, kind=kind, delivery=DEFAULTS[kind])
        for kind in NotificationKind
    ]


@transaction.atomic
def set_preference(kind: str, delivery: str, *, actor: Actor) -> NotificationPreference:
    """Choose how the actor hears of a kind, also of what waits for the daily mail."""
    actor.require(Action.CHANGE_OWN)
    if kind not in NotificationKind.values or delivery not in NotificationDelivery.values:
        field = "delivery" if kind in NotificationKind.values else "kind"
        raise ValidationError({field: ["This choice does not exist."]})
    membership = own_membership(actor)
    preference, _ = NotificationPreference.objects.update_or_create(
        membership=membership, kind=kind, defaults={"delivery": delivery}
    )
    waiting = Notification.objects.filter(
        company=actor.company_id, user=actor.user_id, kind=kind, mail=None, read_at=None
    )
    # They are in the application already, and a mail of its own is only for what comes now.
    mailed = delivery in (NotificationDelivery.MAIL, NotificationDelivery.DIGEST)
    later = NotificationDelivery.DIGEST if mailed else NotificationDelivery.IN_APP
    waiting.filter(delivery=NotificationDelivery.DIGEST).update(delivery=later)
    return preference


@transaction.atomic
def set_digest_hour(hour: int, *, actor: Actor) -> Membership:
    """Choose from which hour of the actor's day on the daily mail is sent."""
    actor.require(Action.CHANGE_OWN)
    membership = own_membership(actor)
    membership.digest_hour = hour
    membership.clean_fields(exclude=[f.name for f in Membership._meta.fields if f.name != "digest_hour"])
    membership.save(update_fields=["digest_hour", "updated_at"])
    return membership


def prune(*, before: datetime, batch: Batch = transaction.atomic) -> int:
    """Remove the notifications that were made before a moment, and their mails; return how many."""
    removed = delete_in_batches(Notification.objects.filter(created_at__lt=before), batch=batch)
    mails = NotificationMail.objects.filter(created_at__lt=before, next_attempt_at=None, notifications=None)
    delete_in_batches(mails, batch=batch)
    return removed
