"""Bounds of an e-mail, checked on its bytes: what a parser would make of a bomb fills the memory."""

import re
from email.message import Message

MEGABYTE = 1024 * 1024
#: Bytes of a message. Mail servers take 20 to 50 MB, of which a third is spent on the encoding of files.
LARGEST_MAIL = 25 * MEGABYTE
#: Bytes of a provider's request: the message in base64 or with escapes, and what stands around it.
LARGEST_REQUEST = 2 * LARGEST_MAIL
#: What is kept of a larger one: its headers, and the begin of its text.
KEPT_OF_LARGER = 64 * 1024
LARGEST_HEAD = 256 * 1024
MOST_LINES = 700_000
#: Lines that may part two parts.
MOST_SEPARATORS = 20_000
MOST_MULTIPARTS = 50
MOST_PARTS = 500
MOST_NESTED = 20

_MULTIPART = re.compile(rb"^content-type:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
HEAD_END = re.compile(rb"\r?\n\r?\n")


class OutOfBounds(Exception):
    """The message is too large or too complex; the text says which bound it breaks."""


def check_bytes(raw: bytes) -> None:
    """Refuse a message that would take too much to parse.

    :raises OutOfBounds: with a sentence for people.
    """
    if len(raw) > LARGEST_MAIL:
        raise OutOfBounds(too_large(len(raw)))
    end = HEAD_END.search(raw)
    if (end.start() if end else len(raw)) > LARGEST_HEAD:
        raise OutOfBounds(f"The headers of the message have more than {LARGEST_HEAD // 1024} KB.")
    if raw.count(b"\n") > MOST_LINES:
        raise OutOfBounds(f"The message has more than {MOST_LINES:,} lines.")
    # Before it is parsed: the time of the parser grows with each level, for every line.
    if raw.count(b"\n--") > MOST_SEPARATORS or len(_MULTIPART.findall(raw)) > MOST_MULTIPARTS:
        raise OutOfBounds("The message has too many parts.")


def check_parts(message: Message) -> None:
    """Refuse a parsed message with too many parts, or parts that are nested too deep.

    :raises OutOfBounds: with a sentence for people.
    """
    count, level = 0, [message]
    for _ in range(MOST_NESTED):
        level = [part for each in level for part in parts_of(each)]
        count += len(level)
        if count > MOST_PARTS:
            raise OutOfBounds(f"The message has more than {MOST_PARTS} parts.")
        if not level:
            return
    raise OutOfBounds(f"The parts of the message are nested more than {MOST_NESTED} levels deep.")


def parts_of(message: Message) -> list[Message]:
    """Return the parts of a multipart message, and the message inside a forwarded one."""
    payload = message.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def too_large(size: int) -> str:
    return f"The message has {size / MEGABYTE:.1f} MB; at most {LARGEST_MAIL // MEGABYTE} MB are read."
