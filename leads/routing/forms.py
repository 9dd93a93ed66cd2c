"""Read forms strictly in the charset that they declare, else in UTF-8: no letter is replaced by another."""

import base64
import binascii
import quopri
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from crm.charsets import codec_of, contains_ascii
from leads.routing.drafts import Details

UTF_8 = "utf-8"
MOST_FIELDS = 1000
#: A field in which browsers name the charset of a form (HTML, RFC 7578).
CHARSET_FIELD = b"_charset_"
#: What browsers mean by these names: an ISO 8859-1 page may hold the quotes and the euro of Windows.
_MEANT = {"iso8859-1": "windows-1252"}
#: Maps each byte to the character of the same number, and so back.
_BYTES = "latin-1"


class UnreadableForm(Exception):
    """A body that is no form, or one with too many fields."""


class UndecodableForm(UnreadableForm):
    """A form whose bytes are no text in its charset."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a form as it was sent."""

    name: bytes
    value: bytes
    charset: str | None = None


def url_encoded_fields(body: bytes) -> list[Field]:
    """Return the fields of a body of the type ``application/x-www-form-urlencoded``."""
    try:
        pairs = parse_qsl(
            body.decode(_BYTES),
            keep_blank_values=True,
            encoding=_BYTES,
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as refused:
        raise UnreadableForm("The form has too many fields.") from refused
    return [Field(name=name.encode(_BYTES), value=value.encode(_BYTES)) for name, value in pairs]


def multipart_fields(body: bytes, boundary: str) -> list[Field]:
    """Return the fields of a body of the type ``multipart/form-data``; files are left out."""
    try:
        with PushMultipartParser(
            boundary,
            max_header_size=len(body),
            max_segment_count=MOST_FIELDS,
            header_charset=_BYTES,
        ) as parser:
            return list(_parts(parser, body))
    except MultipartError as refused:
        raise UnreadableForm("The form cannot be read.") from refused


def _parts(parser: PushMultipartParser, body: bytes) -> Iterator[Field]:
    segment: MultipartSegment | None = None
    content = b""
    for event in parser.parse(body):
        if isinstance(event, MultipartSegment):
            segment, content = event, b""
        elif event:
            content += event
        elif segment is not None and segment.filename is None:
            yield Field(
                name=(segment.name or "").encode(_BYTES),
                value=_transferred(content, segment.header("Content-Transfer-Encoding", "")),
                charset=segment.charset,
            )


def _transferred(content: bytes, encoding: str) -> bytes:
    if encoding.strip().lower() == "quoted-printable":
        return quopri.decodestring(content)
    if encoding.strip().lower() != "base64":
        return content
    try:
        return base64.b64decode(content)
    except binascii.Error as wrong:
        raise UnreadableForm("A part of the form is not in base64.") from wrong


def decoded(fields: Sequence[Field], *, declared: str | None) -> Details:
    """Return the texts of a form by their names, as a list where a name comes more than once.

    :param declared: the charset of the body's content type.
    :raises UndecodableForm: if a charset is unknown, or the bytes are no text in it.
    """
    charset = declared or _named(fields) or UTF_8
    texts: dict[str, list[str]] = {}
    for field in fields:
        if field.name != CHARSET_FIELD:
            name = _text(field.name, charset)
            texts.setdefault(name, []).append(_text(field.value, field.charset or charset))
    return {name: values[0] if len(values) == 1 else values for name, values in texts.items()}


def _named(fields: Sequence[Field]) -> str | None:
    named = (field.value for field in fields if field.name == CHARSET_FIELD)
    return next((value.decode(_BYTES).strip() for value in named if value.strip()), None)


def _text(raw: bytes, charset: str) -> str:
    try:
        codec = codec_of(charset)
        codec = codec_of(_MEANT.get(codec.name, charset))
    except LookupError as unknown:
        raise UndecodableForm(f"The form is in the unknown charset {charset[:40]}.") from unknown
    if not contains_ascii(codec):
        raise UndecodableForm(f"A form cannot be in {codec.name}: send it in UTF-8.")
    try:
        return codec.decode(raw)[0]
    except UnicodeError as wrong:
        raise UndecodableForm(
            f"The form is not in {codec.name}: send it in UTF-8, or declare its charset."
        ) from wrong
