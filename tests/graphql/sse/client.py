"""A client of event streams for tests, which sees each event as it comes."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from asgiref.testing import ApplicationCommunicator

from crm.graphql.sse import GraphQLStream
from tests.events.small_schema import schema
from tests.graphql.websocket.client import HOST
from tests.patience import PATIENCE_SECONDS


@dataclass
class Event:
    """An event as a browser reads it; a comment has no name."""

    name: str = ""
    id: str | None = None
    data: str = ""

    @property
    def result(self) -> Any:
        return json.loads(self.data)


def read_event(text: str) -> Event:
    event = Event()
    for line in text.split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                event.name = value
            case "id":
                event.id = value
            case "data":
                event.data += value
    return event


@dataclass
class Stream:
    """One request and what is answered."""

    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    body: bytes | None = None
    application: Any = None
    scheme: str = "http"

    async def __aenter__(self) -> "Stream":
        sent = {"host": HOST, "accept": "text/event-stream", **self.headers}
        query = ""
        body = b""
        if self.method == "POST":
            sent.setdefault("content-type", "application/json")
            body = json.dumps(self.parameters).encode() if self.body is None else self.body
        else:
            texts = {
                name: value if isinstance(value, str) else json.dumps(value)
                for name, value in self.parameters.items()
            }
            query = urlencode(texts)
        self.communicator = ApplicationCommunicator(
            self.application or GraphQLStream(schema=schema),
            {
                "type": "http",
                "method": self.method,
                "scheme": self.scheme,
                "path": "/graphql/stream",
                "query_string": query.encode(),
                "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            },
        )
        await self.communicator.send_input({"type": "http.request", "body": body, "more_body": False})
        start = await self.communicator.receive_output(PATIENCE_SECONDS)
        self.status = start["status"]
        self.answer_headers = {name.decode(): value.decode() for name, value in start["headers"]}
        self._buffer = ""
        self._ended = False
        return self

    async def __aexit__(self, *exception: object) -> None:
        if not self.communicator.future.done():
            await self.communicator.send_input({"type": "http.disconnect"})
        await self.communicator.wait(PATIENCE_SECONDS)

    async def _part(self) -> str:
        message = await self.communicator.receive_output(PATIENCE_SECONDS)
        self._ended = not message.get("more_body")
        return message["body"].decode()  # type: ignore[no-any-return]  # bytes, by protocol

    async def json(self) -> Any:
        """Return the whole answer to a refused request."""
        text = await self._part()
        assert self._ended
        return json.loads(text)

    async def frame(self) -> Event:
        """Return the next event or comment."""
        while "\n\n" not in self._buffer:
            assert not self._ended, "the stream has ended"
            self._buffer += await self._part()
        text, self._buffer = self._buffer.split("\n\n", 1)
        return read_event(text)

    async def next(self) -> Event:
        """Return the next event, skipping comments."""
        while not (event := await self.frame()).name:
            pass
        return event

    async def end(self) -> None:
        """Wait until the server ends the stream; nothing but comments may come before."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self._ended:
                self._buffer += await self._part()
        assert all(not read_event(text).name for text in self._buffer.split("\n\n"))


def bearer(member: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {member.raw}"}
