"""The mails of notifications: one each day for those that can wait, and when which mail is sent (ADR 37)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Now

from crm.dates import zone_named
from crm.models import Membership, Notification, NotificationDelivery, NotificationMail
from crm.notifications.locks import database_time, lock
from crm.notifications.mail_texts import Refused, Undelivered, send
from crm.notifications.recipients import recipients_of
from crm.services.invitation_mail import NOWHERE

#: The name of the source whose lock is held while daily mails are put together.
DIGESTS = "digests"
#: Delays between two attempts to send a mail; after the last one it is given up.
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 300, 600))


@dataclass(frozen=True, kw_only=True)
class MemberDay:
    """A member for whom a daily mail is due, and the day that it is the mail of."""

    membership_id: int
    company_id: int
    user_id: int
    day: date


@transaction.atomic
def make_digests(*, now: datetime | None = None) -> int:
    """Put the daily mails together that are due, and return how many: one for each member and local day."""
    if settings.EMAIL_BACKEND == NOWHERE or lock(DIGESTS) is None:
        return 0
    waiting = Notification.objects.filter(delivery=NotificationDelivery.DIGEST, mail=None, read_at=None)
    members = set(waiting.order_by().values_list("company", "user").distinct())
    due = _due_today(members, now or database_time()) if members else []
    if not due:
        return 0
    mails = NotificationMail.objects.bulk_create(
        NotificationMail(membership_id=each.membership_id, day=each.day) for each in due
    )
    own = NotificationMail.objects.filter(
        pk__in=[mail.pk for mail in mails],
        membership__company=OuterRef("company"),
        membership__user=OuterRef("user"),
    )
    of_due = waiting.filter(
        user__in=[each.user_id for each in due], company__in=[each.company_id for each in due]
    )
    of_due.update(mail=Subquery(own.values("pk")[:1]))
    return len(mails)


def _due_today(members: set[tuple[int, int]], now: datetime) -> list[MemberDay]:
    """Return the members whose hour has come today, and who have had no mail of this day.

    Compared by the clock on the wall: a day on which clocks change has one mail as well, and where the hour
    is left out the next one counts.
    """
    rows = Membership.objects.active().filter(
        company__in={company for company, _ in members}, user__in={user for _, user in members}
    )
    mails = NotificationMail.objects.filter(membership__in=rows, day__isnull=False).order_by()
    last_days = dict(mails.values_list("membership").annotate(Max("day")))
    due = []
    for row in rows.select_related("user", "company"):
        local = now.astimezone(zone_named(row.user.timezone, row.company.timezone))
        # After a journey west it can be the day of the last mail again.
        has_had = row.pk in last_days and last_days[row.pk] >= local.date()
        if (row.company_id, row.user_id) in members and local.hour >= row.digest_hour and not has_had:
            due.append(
                MemberDay(
                    membership_id=row.pk, company_id=row.company_id, user_id=row.user_id, day=local.date()
                )
            )
    return due


def send_next() -> bool | None:
    """Send the mail that is due for the longest time; return whether it went out, None if none is due."""
    due = NotificationMail.objects.filter(next_attempt_at__lte=Now()).order_by("next_attempt_at", "pk")
    # Most looks find nothing; this query takes no lock.
    if not due.unleased().exists():
        return None
    token, keys = due.take()
    if not keys:
        return None
    leased = NotificationMail.objects.filter(pk=keys[0]).under(token)
    # Before it is sent, so that a mail on which processes die is given up in the end.
    leased.update(attempts=F("attempts") + 1)
    mail = leased.select_related("membership__user", "membership__company").first()
    outcome = {} if mail is None else _outcome(mail)
    leased.update(leased_by="", leased_until=None, updated_at=Now(), **outcome)
    return "sent_at" in outcome


def _outcome(mail: NotificationMail) -> dict[str, Any]:
    """Send a mail, and return the columns that say what came of it."""
    if mail.attempts > len(DELAYS) + 1:
        return {"next_attempt_at": None}
    told = _told(mail)
    if not told:
        return _dropped("Nothing is left to tell: it was read, or is out of the member's sight.")
    if not mail.membership.user.email:
        return _dropped("The account has no e-mail address.")
    try:
        send(mail, told)
    except Refused as refused:
        return _dropped(str(refused))
    except Undelivered as fault:
        delay = DELAYS[mail.attempts - 1] if mail.attempts <= len(DELAYS) else None
        return {"fault": str(fault), "next_attempt_at": None if delay is None else Now() + delay}
    return {"sent_at": Now(), "next_attempt_at": None, "fault": ""}


def _told(mail: NotificationMail) -> list[Notification]:
    """Return the notifications of a mail that its member has not read, and still may see."""
    member = mail.membership.company_id, mail.membership.user_id
    recipient = recipients_of([member]).get(member)
    if recipient is None:
        return []
    rows: QuerySet[Notification] = Notification.objects.visible_to(recipient.actor).unread().filter(mail=mail)
    return list(rows.select_related("content_type").order_by("pk"))


def _dropped(reason: str) -> dict[str, Any]:
    return {"fault": reason, "next_attempt_at": None}
