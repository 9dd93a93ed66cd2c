"""The naive server: each socket has a channel of the layer, and executes its own selection for each event.

``python -m benchmarks.stream.naive PORT`` serves the schema of the CRM with graphql-core's ``subscribe()``
spelled out: Django's models refuse the event loop, so that each execution is one hop to a thread. It is
spared the rest of the product's work: origins, limits, checks of rights, cursors, slow readers.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import django
import orjson
import uvicorn
from channels.layers import get_channel_layer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from graphql import create_source_event_stream, execute_sync, parse, validate  # noqa: E402

from benchmarks.stream import feed  # noqa: E402
from config.schema import schema  # noqa: E402
from crm.authentication import authenticate_token, parse_bearer  # noqa: E402
from crm.events.cursor import NO_POSITION  # noqa: E402
from crm.graphql.core.permissions import Context  # noqa: E402
from crm.graphql.execution.shared_subscriptions import EventRoot  # noqa: E402
from crm.graphql.execution.threads import EVENTS, in_thread  # noqa: E402
from crm.management.commands.serve import server_config  # noqa: E402


class Socket:
    """One client with one token and its subscriptions."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self._actor: Any = None
        self._running: list[asyncio.Task[None]] = []

    async def handle(self, message: Any) -> None:
        """Handle a message of the client."""
        match message["type"]:
            case "connection_init":
                token = parse_bearer(message["payload"]["Authorization"])
                self._actor = (await in_thread(EVENTS, authenticate_token, token)).actor
                await self._send_message(type="connection_ack")
            case "subscribe":
                layer = get_channel_layer()
                channel = await layer.new_channel()
                await layer.group_add(feed.GROUP, channel)
                answering = self._answer(message["id"], message["payload"]["query"], channel)
                self._running.append(asyncio.create_task(answering))
            case "ping":
                await self._send_message(type="pong")

    async def end(self) -> None:
        """End all subscriptions."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _answer(self, id_: str, query: str, channel: str) -> None:
        document = parse(query)
        errors = validate(schema.graphql_schema, document)
        if errors:
            raise errors[0]
        stream: Any = await create_source_event_stream(
            schema.graphql_schema,
            document,
            context_value=Context(actor=self._actor),
            subscribe_field_resolver=lambda *_, **__: self._roots(channel),
        )
        async for root in stream:
            result = await in_thread(EVENTS, self._execute, document, root)
            if result.errors or result.data["leadUpdate"] is not None:
                await self._send_message(type="next", id=id_, payload=result.formatted)

    async def _roots(self, channel: str) -> AsyncIterator[EventRoot]:
        layer = get_channel_layer()
        try:
            while True:
                event = feed.read_event(await layer.receive(channel), NO_POSITION)
                if event.company_id == self._actor.company_id:
                    yield EventRoot(event=event, reader=self._actor)
        finally:
            await layer.group_discard(feed.GROUP, channel)

    def _execute(self, document: Any, root: EventRoot) -> Any:
        context = Context(actor=self._actor)
        return execute_sync(schema.graphql_schema, document, root_value=root, context_value=context)

    async def _send_message(self, **message: Any) -> None:
        await self._send({"type": "websocket.send", "text": orjson.dumps(message).decode()})


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve one socket; answer every HTTP request with 204."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})
        return
    await receive()
    await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0]})
    socket = Socket(send)
    try:
        while (received := await receive())["type"] == "websocket.receive":
            await socket.handle(orjson.loads(received["text"]))
    finally:
        await socket.end()


if __name__ == "__main__":
    config = server_config("127.0.0.1", int(sys.argv[1]))
    config.loaded_app = application
    uvicorn.Server(config).run()
