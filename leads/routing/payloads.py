"""Read the body of a delivery: a JSON object, or the fields of a form."""

from collections.abc import Mapping

from multipart import parse_options_header

from crm.json_texts import TooDeep, check_depth_of_text, faulty_texts, read_json
from crm.models.custom_fields import is_storable
from leads.routing.drafts import Details
from leads.routing.forms import (
    UndecodableForm,
    UnreadableForm,
    decoded,
    multipart_fields,
    url_encoded_fields,
)

LARGEST_BODY = 256 * 1024
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


class UnreadablePayload(Exception):
    """A body that is neither a JSON object nor a form."""


class UndecodablePayload(UnreadablePayload):
    """A body whose bytes are no text in its charset."""


def read_payload(body: bytes, meta: Mapping[str, object]) -> Details:
    """Return the payload of a request; of a form its texts, as a list where a name comes more than once.

    :param meta: the headers, as WSGI names them.
    :raises UnreadablePayload: with a sentence that says what is wrong.
    """
    kind, options = parse_options_header(str(meta.get("CONTENT_TYPE", "")))
    payload: object
    if kind == MULTIPART:
        payload = _form(body, options, is_multipart=True)
    elif kind == FORM:
        # Some clients send JSON and call it a form; reading a form would eat its "&", "+" and "=".
        payload = _object(body) or _form(body, options, is_multipart=False)
    else:
        payload = _json(body)
    if not isinstance(payload, dict):
        raise UnreadablePayload("Send a JSON object or a form.")
    if not payload and kind in (FORM, MULTIPART):
        raise UnreadablePayload("The form has no fields.")
    read = _within_key(payload)
    for path, fault in faulty_texts(read):
        raise UnreadablePayload(f"{path or 'The body'}: {fault}")
    if not is_storable(read):
        raise UnreadablePayload("The body holds numbers that cannot be stored.")
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
        read = _read(body.decode("utf-8-sig"))
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _json(body: bytes) -> object:
    try:
        return _read(body.decode("utf-8-sig"))
    except UnicodeDecodeError as wrong:
        raise UndecodablePayload("The body is not JSON in UTF-8.") from wrong
    except ValueError as wrong:
        raise UnreadablePayload("The body is not JSON in UTF-8.") from wrong


def _read(text: str) -> object:
    try:
        # Before it is parsed, whatever it is: a deep text exhausts the stack of the parser.
        check_depth_of_text(text)
    except TooDeep as refused:
        raise UnreadablePayload(str(refused)) from refused
    # A number of more digits than a float keeps stays as it was written.
    return read_json(text, inexact=str)


def _form(body: bytes, options: Mapping[str, str], *, is_multipart: bool) -> Details:
    try:
        fields = (
            multipart_fields(body, options.get("boundary", "")) if is_multipart else url_encoded_fields(body)
        )
        return decoded(fields, declared=options.get("charset"))
    except UndecodableForm as wrong:
        raise UndecodablePayload(str(wrong)) from wrong
    except UnreadableForm as wrong:
        raise UnreadablePayload(str(wrong)) from wrong
