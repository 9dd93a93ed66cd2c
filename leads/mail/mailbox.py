"""The mailbox that e-mails are read from, over IMAP. Nothing is deleted in it.

A message that is stored gets a keyword, or moves to another folder. No number of a message is remembered from
one connection to the next: if the server gives new ones (UIDVALIDITY), nothing is missed, and messages that
lost their keyword are known by their Message-ID.
"""

import imaplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxFetchError, MailboxFlagError, MailboxLoginError
from imap_tools.utils import check_command_status

from leads.mail.bounds import KEPT_OF_LARGER, LARGEST_HEAD, LARGEST_MAIL

SECONDS = 20
#: Messages whose attempt is stored, and those that are for no receiver.
STORED, UNADDRESSED = "CrmStored", "CrmUnaddressed"
ANY_KEYWORD = b"\\*"
FLAGGED = "\\Flagged"


class MailboxFault(Exception):
    """The mailbox cannot be read; the text tells an operator what to do, without the password."""


@contextmanager
def open_mailbox(place: Mapping[str, Any], *, move_to: str) -> Iterator["Mailbox"]:
    """Open a folder of a mailbox, and close the connection at the end.

    :param place: as the setting MAILBOX has it.
    :param move_to: the folder for messages that were read; empty to mark them where they are.
    :raises MailboxFault: if there is no connection, or the folder or the password is wrong.
    """
    with _talking():
        box = _connect(place)
    try:
        with _talking():
            box.login(place["user"], place["password"], initial_folder=None)
            box.folder.set(place["folder"])
            mailbox = Mailbox(box, move_to)
        yield mailbox
    finally:
        # The connection may be gone already.
        with suppress(ImapToolsError, imaplib.IMAP4.error, OSError):
            box.logout()


@contextmanager
def _talking() -> Iterator[None]:
    try:
        yield
    except MailboxLoginError as refused:
        raise MailboxFault("The mailbox refuses the user or password of MAILBOX_URL.") from refused
    except (ImapToolsError, imaplib.IMAP4.error, OSError) as fault:
        raise MailboxFault(f"The mailbox cannot be read: {type(fault).__name__}.") from fault


def _connect(place: Mapping[str, Any]) -> BaseMailBox:
    kinds: Mapping[str, Callable[..., BaseMailBox]] = {
        "tls": MailBox,
        "starttls": MailBoxStartTls,
        "none": MailBoxUnencrypted,
    }
    # The library itself checks no certificate.
    options = {} if place["encryption"] == "none" else {"ssl_context": ssl.create_default_context()}
    return kinds[place["encryption"]](place["host"], place["port"], timeout=SECONDS, **options)


class Mailbox:
    """An open folder."""

    def __init__(self, box: BaseMailBox, move_to: str) -> None:
        self._box, self._move_to = box, move_to
        permanent = box.client.untagged_responses.get("PERMANENTFLAGS", [b""])[-1]
        if not move_to and ANY_KEYWORD not in permanent:
            raise MailboxFault("The mail server keeps no keywords: set MAILBOX_MOVE_TO to a folder.")
        if move_to and not box.folder.exists(move_to):
            box.folder.create(move_to)

    def waiting(self) -> list[str]:
        """Return the numbers of the messages that were not read yet, the oldest first."""
        with _talking():
            numbers = self._box.uids(f"UNKEYWORD {STORED} UNKEYWORD {UNADDRESSED} UNDELETED")
        return sorted(numbers, key=int)

    def head(self, number: str) -> tuple[bytes, int]:
        """Return the headers of a message and the size of the whole; nothing if it is gone meanwhile."""
        answer = self._fetch(number, f"RFC822.SIZE BODY.PEEK[HEADER]<0.{LARGEST_HEAD}>")
        for described, content in answer:
            size = _number_after(described, b"RFC822.SIZE")
            if size is not None:
                return content, size
        return b"", 0

    def message(self, number: str, size: int) -> bytes:
        """Return a message, or the begin of one that is too large."""
        part = f"<0.{KEPT_OF_LARGER}>" if size > LARGEST_MAIL else ""
        return next((content for _, content in self._fetch(number, f"BODY.PEEK[]{part}")), b"")

    def put_away(self, number: str, keyword: str) -> None:
        """Mark a message, or move it to the folder for messages that were read."""
        with _talking():
            if not self._move_to:
                self._add_flag(number, keyword)
                return
            if keyword == UNADDRESSED:
                # In the other folder, somebody is to see it.
                self._add_flag(number, FLAGGED)
            self._box.move(number, self._move_to)

    def _add_flag(self, number: str, flag: str) -> None:
        # Not the library's own way, which also expunges what others have marked as deleted.
        answer = self._box.client.uid("STORE", number, "+FLAGS", f"({flag})")
        check_command_status(answer, MailboxFlagError)

    def _fetch(self, number: str, what: str) -> list[tuple[bytes, bytes]]:
        with _talking():
            answer = self._box.client.uid("FETCH", number, f"({what})")
            check_command_status(answer, MailboxFetchError)
        return [part for part in answer[1] if isinstance(part, tuple)]


def _number_after(text: bytes, name: bytes) -> int | None:
    _, found, rest = text.partition(name + b" ")
    digits = rest.split(b" ", 1)[0].rstrip(b")")
    return int(digits) if found and digits.isdigit() else None
