"""Reading a GraphQL request: strict JSON within the limits, or a refusal."""

import json
import math
from typing import Any, NoReturn

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, UnreadablePostError

from crm.graphql.execution import Operation
from crm.graphql.limits import limits
from crm.graphql.view.answers import JSON, HttpRefusal

BAD_REQUEST = 400
TOO_LARGE = 413
UNSUPPORTED = 415
PARAMETERS = ("query", "variables", "operationName", "extensions")


def check_content(request: HttpRequest) -> None:
    """Hold the headers of a POST against what is read here, before anything is read.

    :raises HttpRefusal: if the content is of another type, is encoded, or announces to be too large.
    """
    charset = request.content_params.get("charset", "utf-8") if request.content_params else "utf-8"
    if request.content_type != JSON or charset.lower() not in ("utf-8", "utf8"):
        raise HttpRefusal(UNSUPPORTED, f"Send the request as {JSON} in UTF-8.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise HttpRefusal(UNSUPPORTED, "Send the request without a content encoding.")
    length = request.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit():
        _check_size(int(length[:20]))


def read_body(request: HttpRequest) -> Operation:
    """Read the operation of a POST; the URL is not looked at.

    :raises HttpRefusal: if the body is too large, or is no JSON object with the parameters of GraphQL.
    """
    try:
        body = request.read(limits().body + 1)
    except UnreadablePostError as error:
        raise HttpRefusal(BAD_REQUEST, "The body ended early.") from error
    _check_size(len(body))
    return _operation(_decode(body, name="The body"))


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
            parameters[name] = _decode(parameters[name].encode(errors="surrogatepass"), name=name)
    return _operation(parameters)


def _check_size(size: int) -> None:
    most = limits().body
    if size > most:
        raise HttpRefusal(TOO_LARGE, f"The request is larger than {most} bytes.")


def _operation(parameters: Any) -> Operation:
    if not isinstance(parameters, dict):
        raise HttpRefusal(BAD_REQUEST, "The request must be one JSON object; batches are not served.")
    query, name = parameters.get("query"), parameters.get("operationName")
    if not isinstance(query, str):
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


def _decode(raw: bytes, *, name: str) -> Any:
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
