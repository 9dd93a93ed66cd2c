"""Parse GraphQL requests over HTTP: strict JSON, within the limits."""

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, UnreadablePostError

from crm.graphql.documents import names_document
from crm.graphql.execution import Operation
from crm.graphql.execution.operations import strict_part
from crm.graphql.http.responses import JSON, HttpRefusal
from crm.graphql.limits import Limits, limits
from crm.json_texts import read_json

BAD_REQUEST = 400
TOO_LARGE = 413
UNSUPPORTED = 415
MULTIPART = "multipart/form-data"
#: Allowance for the headers and boundaries of the parts of a form.
FRAME_BYTES = 64 * 1024
#: In a query string; forms of the admin have more fields.
MOST_PARAMETERS = 1_000
PARAMETERS = ("query", "variables", "operationName", "extensions")


def check_content(request: HttpRequest) -> None:
    """Check the type, encoding and declared length of a POST, before its body is read."""
    charset = request.content_params.get("charset", "utf-8") if request.content_params else "utf-8"
    is_form = request.content_type == MULTIPART
    if not (is_form or request.content_type == JSON) or charset.lower() not in ("utf-8", "utf8"):
        raise HttpRefusal(UNSUPPORTED, f"Send the request as {JSON}, or as {MULTIPART}, in UTF-8.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HttpRefusal(UNSUPPORTED, "Send the request without a content encoding.")
    length = request.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit():
        # Cut, since int() refuses numbers of thousands of digits.
        _check_size(int(length[:20]), largest_form(limits()) if is_form else None)


def largest_form(bounds: Limits) -> int:
    """Return the size in bytes of the largest multipart form within the limits."""
    return bounds.files * bounds.file + 2 * bounds.body + FRAME_BYTES


def read_body(request: HttpRequest) -> Operation:
    try:
        # One byte over the limit shows that a chunked body, which declares no length, is too large.
        body = request.read(limits().body + 1)
    except UnreadablePostError as error:
        raise HttpRefusal(BAD_REQUEST, "The body ended early.") from error
    return parse_body(body)


def parse_body(body: bytes) -> Operation:
    _check_size(len(body))
    return operation_of(decode(body, name="The body", whole=strict_part))


def read_query_string(request: HttpRequest) -> Operation:
    """Return the operation of a GET, whose variables and extensions are JSON in the query string."""
    _check_size(len(request.META.get("QUERY_STRING", "")))
    if request.META.get("QUERY_STRING", "").count("&") >= MOST_PARAMETERS:
        raise HttpRefusal(BAD_REQUEST, "The query string has too many parameters.")
    sent = request.GET
    parameters: dict[str, object] = {name: sent[name] for name in PARAMETERS if sent.get(name)}
    for name in ("variables", "extensions"):
        if name in parameters:
            raw = sent[name].encode(errors="surrogatepass")

            def whole(value: object, name: str = name) -> object:
                return strict_part({**parameters, name: value})

            parameters[name] = decode(raw, name=name, whole=whole)
    return operation_of(parameters)


def _check_size(size: int, most: int | None = None) -> None:
    most = most or limits().body
    if size > most:
        raise HttpRefusal(TOO_LARGE, f"The request is larger than {most} bytes.")


def operation_of(parameters: object) -> Operation:
    if not isinstance(parameters, dict):
        raise HttpRefusal(BAD_REQUEST, "The request must be one JSON object; batches are not served.")
    query, name = parameters.get("query"), parameters.get("operationName")
    if not isinstance(query, str) and not (query is None and names_document(parameters.get("extensions"))):
        raise HttpRefusal(BAD_REQUEST, "The parameter query must be a string.")
    if not isinstance(name, str | None):
        raise HttpRefusal(BAD_REQUEST, "The parameter operationName must be a string.")
    for key in ("variables", "extensions"):
        if not isinstance(parameters.get(key), dict | None):
            raise HttpRefusal(BAD_REQUEST, f"The parameter {key} must be an object.")
    return Operation(
        query=query,
        variables=parameters.get("variables"),
        operation_name=name,
        extensions=parameters.get("extensions"),
    )


def decode(raw: bytes, *, name: str, whole: Callable[[Any], object] = lambda value: value) -> Any:
    """Return the value of strict JSON; refuse all that no answer could contain, such as NaN.

    :param whole: returns the part of the value in which half a surrogate pair is refused.
    """
    try:
        text = raw.decode()
        value = read_json(text)
        if "\\ud" in text or "\\uD" in text:
            # It cannot be encoded as UTF-8, neither for the database nor in the answer.
            json.dumps(whole(value), ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise HttpRefusal(BAD_REQUEST, f"{name} must be JSON in UTF-8.") from error
    return value
