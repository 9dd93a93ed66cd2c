"""Messages as mail programs write them, addressed to a receiver."""

from datetime import UTC, datetime
from pathlib import Path

from leads.mail.parsing import Mail, parse_mail
from leads.models import LeadReceiver, ReceiverAttempt
from leads.services.received_mails import receive_mail
from tests.factories.leads import LeadReceiverFactory

SAMPLES = Path(__file__).parent / "mail_samples"
NAMES = sorted(path.stem for path in SAMPLES.glob("*.eml"))
RECEIVED_AT = datetime(2026, 11, 30, 12, tzinfo=UTC)


def sample(name: str, receiver: LeadReceiver | None = None) -> bytes:
    """Return a message of the samples, addressed to a receiver."""
    key = b"0" * 32 if receiver is None else receiver.uuid.hex.encode()
    return (SAMPLES / f"{name}.eml").read_bytes().replace(b"{key}", key)


def read(name: str) -> Mail:
    return parse_mail(sample(name), received_at=RECEIVED_AT)


def message(
    receiver: LeadReceiver,
    *,
    sender: str = "Jane Doe <jane.doe@example.org>",
    text: str = "Hello",
    headers: str = "",
    message_id: str | None = "<one@example.org>",
) -> bytes:
    """Return a plain message."""
    identifier = f"Message-ID: {message_id}\n" if message_id else ""
    lines = (
        f"From: {sender}\nTo: crm+{receiver.uuid.hex}@in.example.com\nSubject: Question\n"
        f"{identifier}{headers}"
        f"Date: Fri, 27 Nov 2026 12:00:00 +0000\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
    )
    return lines.replace("\n", "\r\n").encode()


def deliver(receiver: LeadReceiver, raw: bytes | str) -> ReceiverAttempt:
    """Have a receiver take a message, or a sample by its name, and return the attempt as it is stored."""
    content = sample(raw, receiver) if isinstance(raw, str) else raw
    return ReceiverAttempt.objects.get(pk=receive_mail(receiver, content).pk)


def mail_receiver(company: object, **values: object) -> LeadReceiver:
    made: LeadReceiver = LeadReceiverFactory(company=company, kind="MAIL", name="Inbox", **values)
    return made
