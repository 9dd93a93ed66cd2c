"""The mail that brings an invitation: sent once the invitation is stored. A failure is stored too."""

import logging
import smtplib
from datetime import UTC

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from crm.languages.chosen import reading
from crm.models import Invitation
from crm.texts import single_line

logger = logging.getLogger("crm.mail")

CONSOLE = "django.core.mail.backends.console.EmailBackend"
NOWHERE = "django.core.mail.backends.dummy.EmailBackend"
NOT_SET_UP = "Mail is not set up: an operator sets EMAIL_URL, and then it can be sent again."


def mail_is_set_up() -> bool:
    """Return whether mails leave this machine; in debug they are printed instead."""
    return settings.EMAIL_BACKEND not in (CONSOLE, NOWHERE)


def send(invitation: Invitation, link: str) -> None:
    """Send the link of an invitation, and store when it was sent, or why it could not be."""
    fault = NOT_SET_UP if settings.EMAIL_BACKEND == NOWHERE else _sent(invitation, link)
    values = {"fault": fault, "sent_at": None if fault else timezone.now()}
    # Not if it was sent again meanwhile: the later mail has the link that works.
    Invitation.objects.filter(pk=invitation.pk, hash=invitation.hash).update(**values)


def _sent(invitation: Invitation, link: str) -> str:
    member = invitation.membership
    # Who has no account yet has chosen no language.
    with reading(member.user.language, member.company.language):
        subject, text = _written(invitation, link)
    try:
        EmailMessage(subject, text, to=[invitation.email]).send()
    except Exception as error:
        # Of any kind: a mail that failed must not fail the request whose change is stored.
        logger.warning("An invitation could not be sent: %s", type(error).__name__)
        return _sentence(error)
    return ""


def _sentence(error: Exception) -> str:
    # Never the server's own words, which may repeat addresses and passwords.
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "The mail server refused the address. Check it, then send the invitation again."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server refused the mail (code {error.smtp_code}). Send the invitation again later."
    if isinstance(error, OSError | smtplib.SMTPException):
        return "The mail server could not be reached. Send the invitation again later."
    return f"The mail could not be made ({type(error).__name__}). Check address and settings of mail."


def _written(invitation: Invitation, link: str) -> tuple[str, str]:
    """Return the subject and the text of the mail, in the active language."""
    company = single_line(invitation.membership.company.name)
    inviter = invitation.invited_by
    if inviter:
        begin = gettext("%(inviter)s invites you to work in %(company)s with the CRM.")
    else:
        begin = gettext("You are invited to work in %(company)s with the CRM.")
    until = gettext("Open this link to accept. It works once, until %(moment)s UTC:")
    moment = date_format(invitation.expires_at.astimezone(UTC), "DATETIME_FORMAT")
    paragraphs = (
        gettext("Hello,"),
        begin % {"inviter": single_line(str(inviter)), "company": company},
        until % {"moment": moment},
        link,
        gettext("If you did not expect this mail, ignore it: nothing happens without the link."),
    )
    text = "\n\n".join(paragraphs)
    return gettext("Invitation to %(company)s") % {"company": company}, f"{text}\n"
