"""Reading a GraphQL request: strict JSON within the limits, or a refusal."""

import json
import math
from typing import Any, NoReturn

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, UnreadablePostError

from crm.graphql.documents import names_document
from crm.graphql.execution import Operation
from crm.graphql.http.responses import JSON, HttpRefusal
from crm.graphql.limits import Limits, limits

BAD_REQUEST = 400
TOO_LARGE = 413
UNSUPPORTED = 415
MULTIPART = "multipart/form-data"
#: What headers and boundaries of the parts of a form may add to their contents.
FRAME_BYTES = 64 * 1024
PARAMETERS = ("query", "variables", "operationName", "extensions")


def check_content(request: HttpRequest) -> None:
    """Hold the headers of a POST against what is read here, before anything is read.

    :raises HttpRefusal: if the content is of another type, is encoded, or announces to be too large.
    """
    charset = request.content_params.get("charset", "utf-8") if request.content_params else "utf-8"
    is_form = request.content_type == MULTIPART
    if not (is_form or request.content_type == JSON) or charset.lower() not in ("utf-8", "utf8"):
        raise HttpRefusal(UNSUPPORTED, f"Send the request as {JSON}, or as {MULTIPART}, in UTF-8.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HttpRefusal(UNSUPPORTED, "Send the request without a content encoding.")
    length = request.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit():
        _check_size(int(length[:20]), largest_form(limits()) if is_form else None)


def largest_form(bounds: Limits) -> int:
    """Give the bytes of the largest multipart form that is within the limits."""
    return bounds.files * bounds.file + 2 * bounds.body + FRAME_BYTES


def read_body(request: HttpRequest) -> Operation:
    """Read the operation of a POST; the URL is not looked at.

    :raises HttpRefusal: if the body is too large, or is no JSON object with the parameters of GraphQL.
    """
    try:
        body = request.read(limits().body + 1)
    except UnreadablePostError as error:
        raise HttpRefusal(BAD_REQUEST, "The body ended early.") from error
    return operation_in(body)


def operation_in(body: bytes) -> Operation:
    """Read the operation in the body of a POST.

    :raises HttpRefusal: if it is too large, or no JSON object with the parameters of GraphQL.
    """
    _check_size(len(body))
    return operation_of(decode(body, name="The body"))


def read_query_string(request: HttpRequest) -> Operation:
    """Read the operation of a GET, whose variables and extensions are JSON texts.

    :raises HttpRefusal: if the query string is too large, or its parameters are not those of GraphQL.
    """
    _check_size(len(request.META.get("QUERY_STRING", "")))
    try:
        sent = request.GET
    except SuspiciousOperation as error:
        raise HttpRefusal(BAD_REQUEST, "The query string has too many parameters.") from error
    parameters: dict[str, Any] = {name: sent[name] for name in PARAMETERS if sent.get(name)}
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = decode(parameters[name].encode(errors="surrogatepass"), name=name)
    return operation_of(parameters)


def _check_size(size: int, most: int | None = None) -> None:
    most = most or limits().body
    if size > most:
        raise HttpRefusal(TOO_LARGE, f"The request is larger than {most} bytes.")


def operation_of(parameters: Any) -> Operation:
    """Give the operation of the parameters of a request.

    :raises HttpRefusal: if they are no object, or one of them is of another type.
    """
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


def decode(raw: bytes, *, name: str) -> Any:
    """Read strict JSON.

    :raises HttpRefusal: if it is none, or holds what no answer could hold.
    """
    try:
        text = raw.decode()
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        if "\\ud" in text or "\\uD" in text:
            # Half a surrogate pair is no character: no database and no answer could hold it.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise HttpRefusal(BAD_REQUEST, f"{name} must be JSON in UTF-8.") from error
    return value


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number
