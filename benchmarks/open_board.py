"""One open board as a client, which does what ``board.js`` and ``live.js`` of the page do."""

import asyncio
import http.client
import json
import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

HOST = "127.0.0.1"
#: As in board.js, in seconds, and the keys that it asks for at once.
SOON, LATER = 0.015, 2.0
MOST_KEYS = 100
MANY = 10
SPREAD = 1.0
BOARD = re.compile(r'data-query="([^"]*)" data-cards="([^"]*)" data-cursor="([^"]*)" data-company="([^"]*)"')
CARD = re.compile(r'data-lead="(\d+)"')


class Board:
    """One open board, which does what the script of the page does."""

    def __init__(self, port: int, session: str, pool: ThreadPoolExecutor) -> None:
        self.port, self.session, self._pool = port, session, pool
        self._http = http.client.HTTPConnection(HOST, port, timeout=60)
        #: The moment at which the board showed a version of a lead.
        self.shown: dict[tuple[str, int], float] = {}
        self.reads = self.bytes = 0
        #: The leads whose cards are on the board.
        self.cards: set[str] = set()
        self._waiting: dict[str, str] = {}
        self._last_read, self._pause = 0.0, LATER
        self._cursor = ""
        self._reading: asyncio.Task[None] | None = None

    def _get(self, address: str) -> bytes:
        self._http.request("GET", address, headers={"Cookie": self.session, "Accept-Language": "en"})
        answer = self._http.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{address} answers {answer.status}")
        return body

    async def _ask(self, address: str) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._get, address)

    async def open(self, query: str, opened: asyncio.Event) -> None:
        """Open the page, then follow what changes, until cancelled."""
        from websockets.asyncio.client import connect
        from websockets.typing import Subprotocol

        page = (await self._ask("/admin/leads/lead/board/")).decode()
        found = BOARD.search(page)
        if found is None:
            raise RuntimeError("The page of the board has no data for its script.")
        self.cards = set(CARD.findall(page))
        asked, self._cards, self._cursor, company = found.groups()
        self._asked = asked.replace("&amp;", "&")
        address = f"ws://{HOST}:{self.port}/graphql"
        headers = {"Cookie": self.session}
        protocols = [Subprotocol("graphql-transport-ws")]
        async with connect(
            address, subprotocols=protocols, additional_headers=headers, origin=f"http://{HOST}:{self.port}"
        ) as socket:

            async def send(**message: Any) -> None:
                await socket.send(json.dumps(message))

            await send(type="connection_init", payload={"X-Company": company})
            async for text in socket:
                message = json.loads(text)
                match message["type"]:
                    case "connection_ack":
                        variables = {"after": self._cursor}
                        await send(id="1", type="subscribe", payload={"query": query, "variables": variables})
                        opened.set()
                    case "ping":
                        await send(type="pong")
                    case "next":
                        self._changed(message["payload"])
                    case other:
                        raise RuntimeError(f"A board received {other}: {text!r}")

    def _changed(self, payload: dict[str, Any]) -> None:
        self._cursor = payload["extensions"]["cursor"]
        lead = (payload["data"] or {}).get("leadUpdate")
        if lead is None:
            return
        self._waiting[lead["id"]] = self._cursor
        is_seen = lead["id"] in self.cards
        if is_seen:
            # The script moves the card at once.
            self.shown.setdefault((lead["id"], lead["version"]), time.monotonic())
        if self._reading is None:
            is_rested = time.monotonic() - self._last_read > self._pause
            soon = SPREAD * random.random() if is_seen else SOON
            self._reading = asyncio.create_task(self._read(soon if is_rested else self._pause))

    def check(self) -> None:
        """Raise what a read of cards failed with."""
        if self._reading is not None and self._reading.done():
            self._reading.result()

    async def _read(self, pause: float) -> None:
        while self._waiting:
            await asyncio.sleep(pause)
            self._last_read = time.monotonic()
            asked = {key: self._waiting.pop(key) for key in list(self._waiting)[:MOST_KEYS]}
            self._pause = 2 * LATER if len(asked) > MANY else LATER
            ids = ",".join(f"{key}@{cursor}" for key, cursor in asked.items())
            answer = await self._ask(f"{self._cards}?{self._asked}&ids={ids}")
            now = time.monotonic()
            self.reads, self.bytes = self.reads + 1, self.bytes + len(answer)
            read = json.loads(answer)
            for key, card in read["cards"].items():
                if card is not None:
                    self.cards.add(key)
                    self.shown.setdefault((key, card["version"]), now)
            for key in map(str, read.get("later", ())):
                self._waiting.setdefault(key, asked[key])
            pause = self._pause
        self._reading = None
