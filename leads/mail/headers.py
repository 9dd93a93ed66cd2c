"""Headers of e-mails: their words decoded, their addresses, their date, and signs of an automatic sender."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import NamedTuple

from crm.charsets import codec_of
from crm.emails import has_email_form
from crm.texts import single_line

LONGEST_HEADER = 20_000
MOST_ADDRESSES = 100
#: How far from its arrival a message may say it was sent.
OLDEST, LATEST = timedelta(days=3653), timedelta(days=1)
_FOLD = re.compile(r"\r?\n[ \t]*|\r")
_ENCODED_WORD = re.compile(r"=\?[!->@-~]+\?[bBqQ]\?[^?]*\?=")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
#: Charsets whose name senders use for a larger one.
_LARGER = {
    "iso-8859-1": "windows-1252",
    "latin-1": "windows-1252",
    "us-ascii": "windows-1252",
    "ascii": "windows-1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
}


class Address(NamedTuple):
    """One sender or recipient: the shown name, which may be empty, and the address as it was sent."""

    name: str
    email: str


def text_in(raw: bytes, charset: str | None) -> str:
    """Decode a text in the charset that is declared, else in UTF-8, else in Windows-1252; refuse none."""
    name = (charset or "").strip().strip("\"'").lower()
    # UTF-8 that is called something smaller is common; the other way round it is no valid UTF-8.
    tried = ["utf-8", *([_LARGER.get(name, name)] if name else [])]
    if name not in ("", "ascii", "us-ascii", "utf-8", "utf8"):
        tried.reverse()
    for candidate in tried:
        try:
            return codec_of(candidate).decode(raw, "strict")[0]
        except (LookupError, UnicodeError):
            continue
    try:
        return codec_of(tried[0]).decode(raw, "replace")[0] if name else raw.decode("windows-1252", "replace")
    except (LookupError, UnicodeError):
        return raw.decode("windows-1252", "replace")


def values_of(message: Message, name: str) -> list[str]:
    """Return the values of all headers of this name, unfolded and not decoded, of a bounded length."""
    wanted = name.lower()
    return [
        _FOLD.sub(" ", str(value)[:LONGEST_HEADER])
        for key, value in message.raw_items()
        if key.lower() == wanted
    ]


def value_of(message: Message, name: str) -> str:
    return next(iter(values_of(message, name)), "")


def decoded(value: str) -> str:
    """Return the text of a header on one line: encoded words (RFC 2047), and bytes that should be none."""
    if not value.isascii():
        # The parser keeps bytes over 127 as lone surrogates.
        value = text_in(value.encode("utf-8", "surrogateescape"), None)
    try:
        chunks = decode_header(value)
    except (HeaderParseError, ValueError):
        # One bad word refuses them all: each on its own, and the bad ones as they are.
        found = _ENCODED_WORD.sub(lambda word: _word(word[0]), value)
        return single_line(found)
    texts = (chunk if isinstance(chunk, str) else text_in(chunk, charset) for chunk, charset in chunks)
    return single_line("".join(texts))


def _word(text: str) -> str:
    try:
        [(chunk, charset)] = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    return chunk if isinstance(chunk, str) else text_in(chunk, charset)


def addresses_of(message: Message, *names: str) -> list[Address]:
    """Return the addresses in headers; what has not the form of one is left out."""
    values = [value for name in names for value in values_of(message, name)]
    found = getaddresses(values)[:MOST_ADDRESSES]
    return [Address(decoded(name), email.strip()) for name, email in found if has_email_form(email.strip())]


def message_id_of(message: Message) -> str | None:
    """Return the Message-ID; None without one that could be told from others."""
    found = _MESSAGE_ID.search(value_of(message, "Message-ID"))
    return found[0] if found else None


def date_of(message: Message, *, received_at: datetime) -> datetime:
    """Return when a message was sent; the time of its arrival if it says nothing that could be true."""
    try:
        sent = parsedate_to_datetime(value_of(message, "Date"))
        sent = sent.replace(tzinfo=UTC) if sent.tzinfo is None else sent.astimezone(UTC)
        is_likely = received_at - OLDEST < sent < received_at + LATEST
    except (TypeError, ValueError, IndexError, OverflowError):
        return received_at
    return sent if is_likely else received_at


def automatic_reason(message: Message) -> str | None:
    """Return the header that shows that a program sent a message, not a person; None if none does."""
    return next(_automatic(message), None)


def _automatic(message: Message) -> Iterator[str]:
    submitted = value_of(message, "Auto-Submitted").strip().lower()
    if submitted and submitted.partition(";")[0].strip() != "no":
        yield f"Auto-Submitted: {submitted[:80]}"
    precedence = value_of(message, "Precedence").strip().lower()
    if precedence in ("bulk", "junk", "list", "auto_reply"):
        yield f"Precedence: {precedence}"
    lists = sorted({key for key, _value in message.raw_items() if key.lower().startswith("list-")})
    if lists:
        yield lists[0]
    if message.get_content_type() == "multipart/report":
        yield "Content-Type: multipart/report"
    if value_of(message, "Return-Path").strip() == "<>":
        yield "Return-Path: <>"
