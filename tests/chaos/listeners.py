"""Clients of the lead stream that reconnect with their cursor whenever they are cut off."""

import asyncio
import contextlib
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from crm.events.cursor import parse_cursor
from tests.patience import PATIENCE_SECONDS

QUERY = "subscription { leadUpdate { id title status { name } stage { name } people { name } updated_at } }"
#: The same for records of every kind.
RECORDS = """subscription { recordUpdate { id record_kind lead { title } people { name } organization { name }
    activity { text } pipeline { name } stage { name } } }"""
#: Seconds between two tries, at most.
LONGEST_BREAK = 0.3


@dataclass
class Listener:
    """One client.

    :param query: a subscription whose field is a record, or an event of one, with its id.
    :param received: of each message its event's number, its record's id, and when it came (``time.time``).
    """

    port: int
    token: str
    query: str = QUERY
    received: list[tuple[int, int, float]] = field(default_factory=list)
    reconnects: int = 0
    cursor: str | None = None
    listens: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            with contextlib.suppress(OSError, TimeoutError, WebSocketException):
                await self._listen()
            self.reconnects += 1
            await asyncio.sleep(random.random() * LONGEST_BREAK)

    async def _listen(self) -> None:
        address = f"ws://127.0.0.1:{self.port}/graphql"
        protocols: Any = ["graphql-transport-ws"]
        async with connect(address, subprotocols=protocols, compression=None, ping_interval=None) as socket:
            payload = {"Authorization": f"Bearer {self.token}", "cursor": self.cursor}
            sent = {name: value for name, value in payload.items() if value is not None}
            await socket.send(json.dumps({"type": "connection_init", "payload": sent}))
            acknowledged = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE_SECONDS))
            assert acknowledged["type"] == "connection_ack", acknowledged
            self.cursor = self.cursor or acknowledged["payload"]["cursor"]
            await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": self.query}}))
            await socket.send('{"type": "ping"}')
            async for text in socket:
                await self._take(socket, json.loads(text))

    async def _take(self, socket: Any, message: dict[str, Any]) -> None:
        match message["type"]:
            case "pong":
                self.listens.set()
            case "ping":
                await socket.send('{"type": "pong"}')
            case "next":
                payload = message["payload"]
                self.cursor = payload["extensions"]["cursor"]
                [record] = payload["data"].values()
                self.received.append((parse_cursor(self.cursor).seq, int(record["id"]), time.time()))
            case _:
                raise AssertionError(message)
