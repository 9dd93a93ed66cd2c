"""Reads an e-mail: who wrote what to whom, and which files came with it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.parser import BytesHeaderParser

from django.conf import settings

from crm.texts import normalized, without_controls
from leads.mail import headers, html
from leads.mail.bounds import HEAD_END, LARGEST_HEAD, OutOfBounds, check_bytes, check_parts, parts_of
from leads.mail.headers import Address
from leads.mail.quotes import part_quotes
from leads.mail.senders import is_authentic

LONGEST_PART = 1_000_000
#: Proofs of a sender that no person reads.
SIGNATURES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
EXTENSIONS = {"message/rfc822": "eml", "text/calendar": "ics", "text/plain": "txt", "text/html": "html"}


@dataclass(frozen=True)
class Attachment:
    """A file in a message: the name that it was given, and its content."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Mail:
    """An e-mail as people see it."""

    message_id: str | None
    #: The digest of what it says, equal for copies that came different ways.
    fingerprint: str
    senders: Sequence[Address]
    recipients: Sequence[Address]
    subject: str
    sent_at: datetime
    text: str
    quoted: str
    attachments: Sequence[Attachment]
    #: The header that shows that a program sent it; None for a person.
    automatic: str | None
    #: Whether a trusted server vouches for the domain of its only sender.
    is_authentic: bool

    @property
    def sender(self) -> Address | None:
        """The sender; None if it names none, or several, of whom nobody can be told to have written it."""
        return self.senders[0] if len(self.senders) == 1 else None


@dataclass
class _Content:
    """What the parts of a message hold, gathered on the way."""

    texts: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)


def parse_mail(raw: bytes, *, received_at: datetime) -> Mail:
    """Read a message.

    :param received_at: its date, if it names none that could be true.
    :raises OutOfBounds: if it is too large or too complex, or no parser makes sense of it.
    """
    check_bytes(raw)
    try:
        return _parse(raw, received_at)
    # The library takes everything, but for faults of its own on broken messages.
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as broken:
        raise OutOfBounds("The message could not be parsed.") from broken


def _parse(raw: bytes, received_at: datetime) -> Mail:
    message = message_from_bytes(raw)
    check_parts(message)
    content = _Content()
    _read(message, content)
    whole = _text(content)
    text, quoted = part_quotes(whole)
    senders = headers.addresses_of(message, "From")
    is_proven = len(senders) == len(headers.values_of(message, "From")) == 1
    return Mail(
        message_id=headers.message_id_of(message),
        fingerprint=_fingerprint(message, whole, content.attachments),
        senders=senders,
        recipients=headers.addresses_of(message, "To", "Cc"),
        subject=headers.decoded(headers.value_of(message, "Subject")),
        sent_at=headers.date_of(message, received_at=received_at),
        text=text,
        quoted=quoted,
        attachments=content.attachments,
        automatic=headers.automatic_reason(message),
        is_authentic=is_proven
        and is_authentic(message, senders[0].email, servers=settings.MAIL_AUTHENTICATION_SERVERS),
    )


def parse_head(raw: bytes) -> Message:
    """Read the headers alone, also of a message of which only the begin is there."""
    return BytesHeaderParser().parsebytes(HEAD_END.split(raw[:LARGEST_HEAD], maxsplit=1)[0])


def _read(part: Message, content: _Content) -> None:
    kind = part.get_content_type()
    if kind == "message/rfc822":
        content.attachments.append(_attached_message(part))
    elif kind == "multipart/alternative":
        _read_best(part, content)
    elif part.is_multipart():
        for each in parts_of(part):
            _read(each, content)
    elif kind in ("text/plain", "text/html") and not _is_file(part):
        text = _decoded(part)
        (content.texts if kind == "text/plain" else content.html).append(text)
    elif kind not in SIGNATURES:
        _attach(part, content)


def _read_best(part: Message, content: _Content) -> None:
    """Read the versions of one text: the plain one if it says something, with the files of all."""
    versions = _Content()
    for each in parts_of(part):
        _read(each, versions)
    content.attachments += versions.attachments
    plain = "\n\n".join(versions.texts)
    if plain.strip() or not versions.html:
        content.texts.append(plain)
    else:
        content.html += versions.html


def _is_file(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or _name_of(part) != ""


def _name_of(part: Message) -> str:
    raw = part.get_filename() or ""
    return headers.decoded(raw) if raw else ""


def _decoded(part: Message) -> str:
    raw = _bytes_of(part)[:LONGEST_PART]
    charset = part.get_content_charset()
    return without_controls(headers.text_in(raw, charset))


def _bytes_of(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _attach(part: Message, content: _Content) -> None:
    raw, name = _bytes_of(part), _name_of(part)
    # A picture in the text, such as a logo in a signature: the text refers to it by its Content-ID.
    is_inline = part.get_content_disposition() != "attachment" and part.get("Content-ID") is not None
    if (part.get_content_maintype() == "image" and is_inline) or not raw:
        return
    kind = part.get_content_type()
    content.attachments.append(
        Attachment(name or f"file.{EXTENSIONS.get(kind, kind.partition('/')[2])}", raw)
    )


def _attached_message(part: Message) -> Attachment:
    [inner, *_] = [*parts_of(part), Message()]
    subject = headers.decoded(headers.value_of(inner, "Subject")) or "message"
    return Attachment(_name_of(part) or f"{subject}.eml", inner.as_bytes() if inner.keys() else b"")


def _text(content: _Content) -> str:
    texts = [*content.texts, *map(html.text_of, content.html)]
    lines = "\n\n".join(text.strip() for text in texts if text.strip()).split("\n")
    return normalized("\n".join(line.rstrip() for line in lines)).strip()


def _fingerprint(message: Message, text: str, attachments: Sequence[Attachment]) -> str:
    digest = hashlib.sha256()
    for name in ("From", "Date", "Subject"):
        digest.update(headers.decoded(headers.value_of(message, name)).encode("utf-8", "replace") + b"\0")
    digest.update(text.encode("utf-8", "replace") + b"\0")
    for attachment in attachments:
        digest.update(hashlib.sha256(attachment.content).digest())
    return digest.hexdigest()
