"""Writes the mails of notifications and hands them to the mail server."""

import logging
import smtplib
from collections.abc import Sequence
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import NoReverseMatch, reverse

from crm.models import Notification, NotificationMail
from crm.notifications.making import shortened
from crm.request_origin import public_address
from crm.texts import single_line

logger = logging.getLogger("crm.mail")

#: Notifications that one mail names; of the others it tells how many there are.
MOST_NAMED = 50
LONGEST_SUBJECT = 120
TEXT = """{lines}

This concerns your work in {company}. Choose what you are told, and how:
{preferences}
"""


class Undelivered(Exception):
    """The mail could not be handed over now; the text says why."""


class Refused(Exception):
    """The mail server will never take the mail; the text says why."""


def send(mail: NotificationMail, told: Sequence[Notification]) -> None:
    """Send a mail about some notifications.

    :raises Undelivered: if it is to be tried again later.
    :raises Refused: if the address is refused.
    """
    preferences = public_address() + reverse("notification_settings")
    lines = [_line(each) for each in told[:MOST_NAMED]]
    if len(told) > MOST_NAMED:
        lines.append(f"and {len(told) - MOST_NAMED} more")
    company = single_line(mail.membership.company.name)
    text = TEXT.format(lines="\n\n".join(lines), company=company, preferences=preferences)
    subject = told[0].text if mail.day is None else f"{_number(len(told))} in {company}"
    message = EmailMessage(
        shortened(subject, LONGEST_SUBJECT),
        text,
        to=[mail.membership.user.email],
        headers={
            # The same at each attempt: a mail that comes twice after a crash can be told from two mails.
            "Message-ID": f"<{mail.uuid}@{_domain()}>",
            # Programs that answer mails leave this one alone.
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{preferences}>",
        },
    )
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        if code < 500:
            raise Undelivered(f"The mail server takes no mail for the address now (code {code}).") from error
        raise Refused(f"The mail server refused the address (code {code}).") from error
    except Exception as error:
        # Of any kind, and never in the server's own words, which may repeat addresses and passwords.
        logger.warning("A notification could not be mailed: %s", type(error).__name__)
        raise Undelivered(f"The mail could not be sent ({type(error).__name__}).") from error


def _line(notification: Notification) -> str:
    link = page_of(notification)
    return notification.text if link is None else f"{notification.text}\n{public_address()}{link}"


def page_of(notification: Notification) -> str | None:
    """Return the address, without the host, of the admin page of what a notification is about."""
    about = notification.content_type
    try:
        return reverse(f"admin:{about.app_label}_{about.model}_change", args=[notification.object_id])
    except NoReverseMatch:
        return None


def _number(count: int) -> str:
    return f"{count} notification{'' if count == 1 else 's'}"


def _domain() -> str:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return domain if domain.isascii() and domain else "localhost"
