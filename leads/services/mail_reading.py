"""Reads the mailbox: each message is stored and logged first, and put away in the mailbox after that."""

import logging
from collections import Counter

from django.conf import settings

from crm.database.batches import Batch
from crm.services.rates import is_used_up, spend
from leads.mail.mailbox import STORED, UNADDRESSED, Mailbox, open_mailbox
from leads.models import LeadReceiver
from leads.services.received_mails import receive_mail, receivers_of

logger = logging.getLogger("crm.mail")

#: Messages of one run; other parts of the upkeep wait for it.
MOST_AT_ONCE = 500


def read_mailbox(batch: Batch) -> dict[str, int]:
    """Store and log the messages that wait in the mailbox; return how many.

    A process that is killed leaves the message in hand unmarked: it is read again, and known by its attempt.

    :raises MailboxFault: if the mailbox cannot be read.
    """
    counts: Counter[str] = Counter()
    with open_mailbox(settings.MAILBOX or {}, move_to=settings.MAILBOX_MOVE_TO) as mailbox:
        for number in mailbox.waiting()[:MOST_AT_ONCE]:
            counts[_read(mailbox, number, batch)] += 1
    return {"messages": counts[STORED], "unaddressed": counts[UNADDRESSED], "later": counts[""]}


def _read(mailbox: Mailbox, number: str, batch: Batch) -> str:
    """Read one message; return the keyword that it got, empty if it stays for the next run."""
    head, size = mailbox.head(number)
    receivers = receivers_of(head)
    if not all(map(_has_room, receivers)):
        return ""
    if receivers:
        raw = mailbox.message(number, size)
        for receiver in receivers:
            spend(_account(receiver), 1, most=receiver.rate_limit)
            receive_mail(receiver, raw, size=max(size, len(raw)), batch=batch)
    else:
        # It belongs to no company. It stays in the mailbox.
        logger.warning("A message in the mailbox is for no active receiver.")
    keyword = STORED if receivers else UNADDRESSED
    mailbox.put_away(number, keyword)
    return keyword


def _has_room(receiver: LeadReceiver) -> bool:
    return not is_used_up(_account(receiver), most=receiver.rate_limit)


def _account(receiver: LeadReceiver) -> str:
    return f"receiver:{receiver.uuid}"
