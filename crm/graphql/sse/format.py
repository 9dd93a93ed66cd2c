"""The text format of event streams."""

from crm.events.cursor import Cursor
from crm.graphql.execution.operations import JsonObject
from crm.graphql.http.responses import json_answer
from crm.graphql.websocket.outgoing import AsgiMessage

TYPE = "text/event-stream"
COMPLETE = "event: complete\ndata:\n\n"


def next_frame(result: str, cursor: Cursor | None = None) -> str:
    """Return the ``next`` event of a result, which is JSON without line breaks."""
    id_line = "" if cursor is None else f"id: {cursor}\n"
    return f"event: next\n{id_line}data: {result}\n\n"


def comment_frame(cursor: Cursor | None) -> str:
    """Return a comment that keeps the connection open, with the current cursor."""
    # An id without data is no event, but browsers keep it for Last-Event-ID.
    return ":\n\n" if cursor is None else f":\nid: {cursor}\n\n"


def encode(result: JsonObject) -> str:
    return json_answer(result, status=200).body.decode()


def body_part(frame: str) -> AsgiMessage:
    """Return the ASGI message that sends a part of a body that goes on."""
    return {"type": "http.response.body", "body": frame.encode(), "more_body": True}
