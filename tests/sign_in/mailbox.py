"""A real mail server on this machine, and the links in the mails that it took."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from tests.e2e.servers import free_port

LINK = re.compile(r"https?://\S+/invitation\?token=\S+")


class Mailbox:
    """Takes every mail, but for refused addresses."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refused: set[str] = set()

    async def handle_RCPT(self, *given: Any) -> str:  # noqa: N802 - aiosmtpd's name
        _server, _session, envelope, address, _options = given
        if address in self.refused:
            return "550 secret words of the server"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        parsed: Any = BytesParser(policy=default).parsebytes(envelope.content)
        self.mails.append(parsed)
        return "250 OK"

    @property
    def links(self) -> list[str]:
        """The link of each mail, in the order of their arrival."""
        return [found[0] for mail in self.mails if (found := LINK.search(mail.get_content()))]


@contextmanager
def mail_server(settings: Any) -> Iterator[Mailbox]:
    """Run a mail server, and have the product send its mails there."""
    mailbox = Mailbox()
    # aiosmtpd asks its own port whether it is up, so it must be told one.
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = controller.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    try:
        yield mailbox
    finally:
        controller.stop()
