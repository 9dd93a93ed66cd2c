"""Reads and writes the messages of graphql-transport-ws, and lists its close codes."""

import json
from dataclasses import dataclass, field
from enum import Enum

import orjson

from crm.graphql.documents import names_document
from crm.graphql.execution import Operation
from crm.graphql.execution.operations import JsonObject, strict_part
from crm.json_encoding import encode_json
from crm.json_texts import read_json

SUBPROTOCOL = "graphql-transport-ws"


class Close(Enum):
    """The reasons for closing a socket: code and text of the close frame."""

    RESTARTING = (1012, "Service restart")
    TRY_AGAIN_LATER = (1013, "Try again later")
    INVALID_MESSAGE = (4400, "Invalid message")
    UNAUTHORIZED = (4401, "Unauthorized")
    FORBIDDEN = (4403, "Forbidden")
    SUBPROTOCOL_NOT_ACCEPTABLE = (4406, "Subprotocol not acceptable")
    INITIALISATION_TIMEOUT = (4408, "Connection initialisation timeout")
    ID_IN_USE = (4409, "Subscriber with this id already exists")
    TOO_MANY_INITIALISATIONS = (4429, "Too many initialisation requests")
    INTERNAL_ERROR = (4500, "Internal server error")

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason


class SocketClosed(Exception):
    def __init__(self, close: Close) -> None:
        super().__init__(close.reason)
        self.close = close


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message of a client; ``id`` is empty where the type has none."""

    type: str
    id: str = ""
    payload: JsonObject = field(default_factory=dict)

    def operation(self) -> Operation:
        query, name = self.payload.get("query"), self.payload.get("operationName")
        variables, extensions = self.payload.get("variables"), self.payload.get("extensions")
        if (
            not (isinstance(query, str) or (query is None and names_document(extensions)))
            or not isinstance(name, str | None)
            or not isinstance(variables, dict | None)
            or not isinstance(extensions, dict | None)
        ):
            raise SocketClosed(Close.INVALID_MESSAGE)
        return Operation(query=query, variables=variables, operation_name=name, extensions=extensions)


WITHOUT_ID = ("connection_init", "ping", "pong")
WITH_ID = ("subscribe", "complete")


def read_message(text: str | None, *, limit: int) -> Message:
    """Read a message from a text frame within the limit; None stands for a binary frame."""
    if text is None or len(text.encode()) > limit:
        raise SocketClosed(Close.INVALID_MESSAGE)
    try:
        # Unlike the standard library it also refuses NaN, lone surrogates and very deep nesting.
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        content = _with_halves(text)
        if content is None:
            raise SocketClosed(Close.INVALID_MESSAGE) from error
    if not isinstance(content, dict):
        raise SocketClosed(Close.INVALID_MESSAGE)
    type_, id_, payload = content.get("type"), content.get("id"), content.get("payload")
    if type_ not in WITHOUT_ID + WITH_ID or not isinstance(payload, dict | None):
        raise SocketClosed(Close.INVALID_MESSAGE)
    if type_ in WITHOUT_ID:
        return Message(type=type_, payload=payload or {})
    if not isinstance(id_, str) or not id_:
        raise SocketClosed(Close.INVALID_MESSAGE)
    if type_ == "subscribe" and payload is None:
        raise SocketClosed(Close.INVALID_MESSAGE)
    return Message(type=type_, id=id_, payload=payload or {})


def _with_halves(text: str) -> object:
    """Read a message with half surrogate pairs in its variables, which are refused field by field."""
    try:
        content = read_json(text)
        json.dumps({**content, "payload": strict_part(content["payload"])}, ensure_ascii=False).encode()
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    return content


def write_message(type_: str, *, id_: str | None = None, payload: object = None) -> str:
    message: dict[str, object] = {"type": type_}
    if id_ is not None:
        message["id"] = id_
    if payload is not None:
        message["payload"] = payload
    return encode_json(message).decode()


def write_next(id_: str, payload: str) -> str:
    """Return the text of a ``next`` message whose payload is JSON already."""
    # Written by hand: the payload is encoded once and shared by all subscribers.
    return f'{{"type":"next","id":{orjson.dumps(id_).decode()},"payload":{payload}}}'
