"""The parts of the upkeep that belong to leads."""

from datetime import datetime, timedelta

from django.conf import settings

from crm.background.registry import Counts, Part, Problem, removes_older_than
from crm.database.batches import Batch
from leads.mail.mailbox import MailboxFault
from leads.services.mail_reading import read_mailbox
from leads.services.receiver_attempts import prune_attempts


def _attempts(before: datetime, batch: Batch) -> Counts:
    return {"attempts": prune_attempts(before=before, batch=batch)}


ATTEMPTS = Part(
    name="receiver_attempts",
    purpose="Remove old attempts of receivers; their leads stay",
    run=removes_older_than(lambda: settings.RECEIVER_ATTEMPT_RETENTION_DAYS, _attempts),
)


def _mailbox(batch: Batch) -> Counts:
    try:
        return read_mailbox(batch)
    except MailboxFault as fault:
        raise Problem(str(fault)) from fault


MAILBOX = Part(
    name="mailbox",
    purpose="Read the e-mails of receivers from the mailbox",
    run=_mailbox,
    every=timedelta(minutes=1),
)
