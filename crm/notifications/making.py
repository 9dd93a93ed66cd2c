"""Makes notifications of notices, once each, in the transaction of the source that they come from."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Count
from django.db.models.functions import Now

from crm.actors import Door
from crm.events import outbox, wakeups
from crm.events.audience import NOTIFICATION, Event
from crm.models import Notification, NotificationDelivery, NotificationMail
from crm.models.notifications import LONGEST_NOTIFICATION
from crm.notifications.recipients import Member, Recipient, member_of, recipients_of, seen
from crm.notifications.sources import Notice
from crm.services.invitation_mail import NOWHERE
from crm.texts import single_line

#: Single mails to one member within an hour; what is beyond comes with the next daily mail.
MOST_MAILS_AN_HOUR = 20


def make(notices: Iterable[Notice]) -> int:
    """Store the notices that their members want, may see and have not had; return how many that are.

    The statements do not depend on the number of notices. The caller holds the lock of their source, so
    nobody else makes the same ones.
    """
    first = {(notice.company_id, notice.user_id, notice.key): notice for notice in notices}
    if not first:
        return 0
    recipients = recipients_of({member_of(notice) for notice in first.values()})
    wanted = [
        notice
        for notice in _without_known(list(first.values()))
        if member_of(notice) in recipients
        and recipients[member_of(notice)].delivery(notice.kind) != NotificationDelivery.OFF
    ]
    rows = [_row(notice, recipients[member_of(notice)]) for notice in seen(wanted, recipients)]
    if rows:
        _mail_singly(rows, recipients)
        Notification.objects.bulk_create(rows)
        _emit(rows)
    return len(rows)


def _without_known(notices: Sequence[Notice]) -> list[Notice]:
    known = Notification.objects.filter(
        user__in={notice.user_id for notice in notices}, key__in={notice.key for notice in notices}
    )
    had = set(known.values_list("company", "user", "key"))
    return [each for each in notices if (each.company_id, each.user_id, each.key) not in had]


def _row(notice: Notice, recipient: Recipient) -> Notification:
    model, key = notice.about
    return Notification(
        company_id=notice.company_id,
        user_id=notice.user_id,
        kind=notice.kind,
        content_type=ContentType.objects.get_for_model(model),
        object_id=key,
        activity_id=notice.activity_id,
        moment=notice.moment,
        by_id=notice.by_id,
        text=shortened(notice.text),
        key=notice.key,
        delivery=recipient.delivery(notice.kind),
    )


def shortened(text: str, most: int = LONGEST_NOTIFICATION) -> str:
    """Return a text as one line of so many characters at most."""
    line = single_line(text)
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _mail_singly(rows: Sequence[Notification], recipients: Mapping[Member, Recipient]) -> None:
    """Store a mail for each notification whose member wants it at once, up to so many within an hour."""
    by_mail = [row for row in rows if row.delivery == NotificationDelivery.MAIL]
    if not by_mail:
        return
    recent = NotificationMail.objects.filter(
        membership__in={recipients[row.company_id, row.user_id].membership_id for row in by_mail},
        day=None,
        created_at__gt=Now() - timedelta(hours=1),
    )
    counts: Counter[int] = Counter(dict(recent.values_list("membership").annotate(Count("pk"))))
    for row in by_mail:
        membership = recipients[row.company_id, row.user_id].membership_id
        counts[membership] += 1
        if counts[membership] > MOST_MAILS_AN_HOUR:
            row.delivery = NotificationDelivery.DIGEST
        elif settings.EMAIL_BACKEND != NOWHERE:
            # Where mail is not set up, none is stored: they would all go out on the day it is.
            row.mail = NotificationMail(membership_id=membership)
    NotificationMail.objects.bulk_create(row.mail for row in by_mail if row.mail is not None)


def _emit(rows: Sequence[Notification]) -> None:
    """Emit an event of each notification, for the sockets of its member alone."""
    events: dict[int, list[Event]] = defaultdict(list)
    for row in rows:
        events[row.company_id].append(
            Event(
                company_id=row.company_id,
                entity=NOTIFICATION,
                object_id=row.pk,
                kind="created",
                before=frozenset(),
                after=frozenset({row.user_id}),
                door=Door.COMMAND,
                actor_id=row.by_id,
            )
        )
    for of_company in events.values():
        outbox.emit(of_company)
    transaction.on_commit(wakeups.publish, robust=True)
