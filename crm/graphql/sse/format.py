"""What is written into an event stream."""

from typing import Any

from crm.events.cursor import Cursor
from crm.graphql.http.responses import json_answer

TYPE = "text/event-stream"
COMPLETE = "event: complete\ndata:\n\n"


def next_frame(result: str, cursor: Cursor | None = None) -> str:
    """Give the event that brings a result, which is JSON without line breaks."""
    place = "" if cursor is None else f"id: {cursor}\n"
    return f"event: next\n{place}data: {result}\n\n"


def comment_frame(cursor: Cursor | None) -> str:
    """Give a sign of life; a browser keeps the cursor that comes with it as the last id."""
    return ":\n\n" if cursor is None else f":\nid: {cursor}\n\n"


def encoded(result: dict[str, Any]) -> str:
    """Give a result as JSON."""
    return json_answer(result, status=200).body.decode()


def body_part(frame: str) -> dict[str, Any]:
    """Give the message by which a server sends a part of a body that goes on."""
    return {"type": "http.response.body", "body": frame.encode(), "more_body": True}
