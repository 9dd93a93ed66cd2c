"""The board while others work: how soon a move is seen, and what many open boards cost the server.

``python -m benchmarks.dataset --database URL --leads 200000`` makes the rows; then
``DATABASE_URL=URL REDIS_URL=URL python -m benchmarks.admin_live``. Two browsers have a board open, and one of
them moves a card again and again: the time is from the click to the card in the other browser, by one clock.
Then as many boards as ``--boards`` follow the pipeline as ``board.js`` does, without drawing it, while leads
are moved by the API: the CPU time is that of the server's process.
"""

import argparse
import asyncio
import html
import json
import os
import re
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, sync_playwright
from websockets.asyncio.client import connect

from benchmarks.admin_served import SESSION, Served, launch, open_page, serving

#: As in board.js: when a change is read that comes alone, and the least time between two reads, in seconds.
SOON, LATER = 0.015, 2.0
QUERY = "subscription BoardUpdates($after: ID) { leadUpdate(after: $after) { id version stage { id } } }"
#: Runs in the page that watches: the time at which a card is in another column than before.
WATCH = """(key) => new Promise((seen) => {
  const place = () => document.getElementById(`lead-${key}`)?.closest(".column")?.dataset.stage;
  const before = place();
  const board = document.getElementById("board");
  new MutationObserver((_, observer) => {
    if (place() === before) return;
    observer.disconnect();
    seen(Date.now());
  }).observe(board, {childList: true, subtree: true});
})"""
#: Runs in the page that moves: sends the dialog's form as a click does, and returns the time of the click.
CLICK = "(button) => { const now = Date.now(); button.click(); return now; }"


@dataclass
class FollowedBoard:
    """One open board: what changed and has not been read yet."""

    served: Served
    member: int
    cards: str
    cursor: str
    company: str
    waiting: set[str] = field(default_factory=set)
    reads: int = 0
    delivered: int = 0
    _last: float = 0.0
    _reading: asyncio.Task[None] | None = None

    async def follow(self, ready: asyncio.Event) -> None:
        session = self.served.sessions[self.member]
        headers = {"Cookie": f"{SESSION}={session}", "Origin": self.served.site}
        address = f"ws://127.0.0.1:{self.served.port}/graphql"
        protocols: Any = ["graphql-transport-ws"]
        async with connect(address, subprotocols=protocols, additional_headers=headers) as socket:
            start = {"type": "connection_init", "payload": {"X-Company": self.company}}
            await socket.send(json.dumps(start))
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "connection_ack":
                    payload = {"query": QUERY, "variables": {"after": self.cursor}}
                    await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
                    ready.set()
                elif message["type"] == "ping":
                    await socket.send(json.dumps({"type": "pong"}))
                elif message["type"] == "next":
                    self.delivered += 1
                    self.waiting.add(message["payload"]["data"]["leadUpdate"]["id"])
                    self._plan()

    def _plan(self) -> None:
        if self._reading is None:
            wait = SOON if time.monotonic() - self._last > LATER else LATER
            self._reading = asyncio.create_task(self._read(wait))

    async def _read(self, wait: float) -> None:
        await asyncio.sleep(wait)
        self._last = time.monotonic()
        keys, self.waiting = sorted(self.waiting)[:100], set(sorted(self.waiting)[100:])
        await asyncio.to_thread(self.served.get, f"{self.cards}&ids={','.join(keys)}", self.member)
        self.reads += 1
        self._reading = None
        if self.waiting:
            self._plan()


def seen_after(mover: Page, watcher: Page, rounds: int) -> list[float]:
    """Move a card again and again; return the milliseconds until the other page shows each move."""
    times = []
    for number in range(rounds + 1):
        card = mover.locator(".card").first
        key = str(card.get_attribute("id")).removeprefix("lead-")
        watcher.locator(f"#lead-{key}").wait_for()
        # Longer than a board waits between two reads: each move comes alone.
        mover.wait_for_timeout(LATER * 1000 + 500)
        waiting = watcher.evaluate_handle(f"({{seen: ({WATCH})('{key}')}})")
        mover.locator(f"#lead-{key} a.move").click()
        button = mover.locator(".move-form button[name=stage]:not([disabled])").first
        button.wait_for()
        clicked = button.evaluate(CLICK)
        seen = watcher.evaluate("({seen}) => seen", waiting)
        if number:
            times.append(seen - clicked)
        mover.wait_for_selector("#frame-dialog:not([open])", state="attached")
    return times


def seen_by_the_other(served: Served, rounds: int) -> list[float]:
    """Open the board in two browsers, and return the times of ``seen_after``."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        pages = [open_page(browser, served) for _ in range(2)]
        for page in pages:
            page.goto(f"{served.site}/admin/leads/lead/board/")
            page.wait_for_selector("#live[data-state=live]")
        times = seen_after(pages[0], pages[1], rounds)
        browser.close()
    return times


async def cost_of_boards(served: Served, *, boards: int, rate: int, seconds: int) -> dict[str, float]:
    """Follow boards while leads are moved; return the CPU time a second of the server, and what was sent."""
    page = served.get("/admin/leads/lead/board/")
    found = {
        name: html.unescape(re.findall(rf'data-{name}="([^"]*)"', page)[0])
        for name in ("cards", "cursor", "company", "query")
    }
    cards = f"{found['cards']}?{found['query']}"
    open_boards = [
        FollowedBoard(served, number % len(served.sessions), cards, found["cursor"], found["company"])
        for number in range(boards)
    ]
    events = [asyncio.Event() for _ in open_boards]
    tasks = [
        asyncio.create_task(board.follow(event)) for board, event in zip(open_boards, events, strict=True)
    ]
    await asyncio.gather(*(event.wait() for event in events))
    leads = re.findall(r'id="lead-(\d+)"', page)
    stages = re.findall(r'class="column[^"]*" data-stage="(\d+)"', page)
    used, used_by_database, begun = served.cpu(), served.database_cpu(), time.monotonic()
    for number in range(rate * seconds):
        await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
        # Around the stages, and never into the one that the lead is in.
        stage = stages[(number // len(leads) + number) % len(stages)]
        change = (
            f"updateLead(id: {leads[number % len(leads)]}, input: {{ pipeline_stage_id: {stage} }}) {{ id }}"
        )
        await asyncio.to_thread(served.graphql, f"mutation {{ {change} }}")
    spent = time.monotonic() - begun
    used, used_by_database = served.cpu() - used, served.database_cpu() - used_by_database
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "moves a second": rate * seconds / spent,
        "events delivered a second": sum(board.delivered for board in open_boards) / spent,
        "reads of cards a second": sum(board.reads for board in open_boards) / spent,
        "cores of the server": used / spent,
        "cores of the database": used_by_database / spent,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.admin_live", description=__doc__)
    parser.add_argument("--moves", type=int, default=20)
    parser.add_argument("--boards", type=int, default=50)
    parser.add_argument("--rate", type=int, default=10, help="moves a second")
    parser.add_argument("--seconds", type=int, default=30)
    arguments = parser.parse_args()
    # A member may have 20 sockets.
    members = [f"larger-{number}" for number in range(1 + arguments.boards // 10)]
    with serving(os.environ["DATABASE_URL"], members) as served:
        if arguments.moves:
            times = seen_by_the_other(served, arguments.moves)
            sys.stdout.write(
                f"seen by the other browser: median {statistics.median(times):.0f} ms of {len(times)} moves, "
                f"{min(times):.0f} to {max(times):.0f}\n"
            )
        if arguments.boards:
            costs = asyncio.run(
                cost_of_boards(
                    served, boards=arguments.boards, rate=arguments.rate, seconds=arguments.seconds
                )
            )
            for name, cost in costs.items():
                sys.stdout.write(f"{name}: {cost:.2f}\n")


if __name__ == "__main__":
    main()
