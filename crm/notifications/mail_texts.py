"""Writes the mails of notifications and hands them to the mail server."""

import logging
import smtplib
from collections.abc import Sequence
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, ngettext

from crm.languages.chosen import reading
from crm.languages.messages import translated
from crm.models import Notification, NotificationMail
from crm.notifications.making import shortened
from crm.request_origin import public_address
from crm.texts import single_line

logger = logging.getLogger("crm.mail")

#: Notifications that one mail names; of the others it tells how many there are.
MOST_NAMED = 50
LONGEST_SUBJECT = 120


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
    membership = mail.membership
    with reading(membership.user.language, membership.company.language):
        subject, text = _written(mail, told, preferences)
    message = EmailMessage(
        shortened(subject, LONGEST_SUBJECT),
        text,
        to=[membership.user.email],
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


def _written(mail: NotificationMail, told: Sequence[Notification], preferences: str) -> tuple[str, str]:
    """Return the subject and the text of a mail, in the active language."""
    company = single_line(mail.membership.company.name)
    parts = [_line(each) for each in told[:MOST_NAMED]]
    if len(told) > MOST_NAMED:
        parts.append(gettext("and %(number)s more") % {"number": len(told) - MOST_NAMED})
    why = gettext("This concerns your work in %(company)s. Choose what you are told, and how:")
    parts.append(f"{why % {'company': company}}\n{preferences}\n")
    if mail.day is None:
        return translated(told[0].text), "\n\n".join(parts)
    subject = ngettext(
        "%(count)s notification in %(company)s", "%(count)s notifications in %(company)s", len(told)
    )
    return subject % {"count": len(told), "company": company}, "\n\n".join(parts)


def _line(notification: Notification) -> str:
    link = page_of(notification)
    said = translated(notification.text)
    return said if link is None else f"{said}\n{public_address()}{link}"


def page_of(notification: Notification) -> str | None:
    """Return the address, without the host, of the admin page of what a notification is about."""
    about = notification.content_type
    try:
        return reverse(f"admin:{about.app_label}_{about.model}_change", args=[notification.object_id])
    except NoReverseMatch:
        return None


def _domain() -> str:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return domain if domain.isascii() and domain else "localhost"
