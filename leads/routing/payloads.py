"""Read the body of a delivery: a JSON object, or the fields of a form."""

import json
import math
from collections.abc import Mapping
from io import BytesIO
from typing import NoReturn

from django.core.exceptions import SuspiciousOperation
from django.http import QueryDict
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from crm.models.custom_fields import is_storable
from leads.routing.drafts import Details

LARGEST_BODY = 256 * 1024
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


class UnreadablePayload(Exception):
    """A body that is neither a JSON object nor a form."""


def read_payload(body: bytes, meta: Mapping[str, object]) -> Details:
    """Return the payload of a request; of a form its texts, as a list where a name comes more than once.

    :param meta: the headers, as WSGI names them.
    :raises UnreadablePayload: with a sentence that says what is wrong.
    """
    content_type = str(meta.get("CONTENT_TYPE", ""))
    kind = content_type.partition(";")[0].strip().lower()
    payload: object
    if kind == MULTIPART:
        payload = _multipart(body, meta)
    elif kind == FORM:
        # Some clients send JSON and call it a form; reading a form would eat its "&", "+" and "=".
        payload = _object(body) or _form(body)
    else:
        payload = _json(body)
    if not isinstance(payload, dict):
        raise UnreadablePayload("Send a JSON object or a form.")
    if not payload and kind in (FORM, MULTIPART):
        raise UnreadablePayload("The form has no fields.")
    read = _within_key(payload)
    if not is_storable(read):
        raise UnreadablePayload("The body holds characters or numbers that cannot be stored.")
    return read


def _within_key(payload: Details) -> Details:
    # Some clients send the text of a JSON object as the only key of a form, without a value.
    if len(payload) != 1:
        return payload
    [text] = payload
    return _object(text.encode(errors="replace")) or payload


def _object(body: bytes) -> Details | None:
    if not body.lstrip().startswith(b"{"):
        return None
    try:
        read = _json(body)
    except UnreadablePayload:
        return None
    return read if isinstance(read, dict) else None


def _json(body: bytes) -> object:
    try:
        # Python reads NaN and Infinity, which are no JSON; a deep nesting ends in RecursionError.
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as wrong:
        raise UnreadablePayload("The body is not JSON in UTF-8.") from wrong


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    # 1e999 is valid JSON, and becomes an infinity that no database stores as JSON.
    if math.isinf(number):
        raise ValueError(text)
    return number


def _form(body: bytes) -> Details:
    try:
        return _plain(QueryDict(body, encoding="utf-8"))
    except (SuspiciousOperation, UnicodeDecodeError) as wrong:
        raise UnreadablePayload("The form has too many fields, or is not in UTF-8.") from wrong


def _multipart(body: bytes, meta: Mapping[str, object]) -> Details:
    # The length that was declared may be missing or wrong; the body is in memory already.
    headers = {**meta, "CONTENT_LENGTH": str(len(body))}
    try:
        # Without upload handlers, files are skipped and never written to disk.
        fields, _files = MultiPartParser(headers, BytesIO(body), [], "utf-8").parse()
    except (MultiPartParserError, SuspiciousOperation) as wrong:
        raise UnreadablePayload("The form cannot be read.") from wrong
    return _plain(fields)


def _plain(fields: QueryDict) -> Details:
    return {str(name): values[0] if len(values) == 1 else values for name, values in fields.lists()}
