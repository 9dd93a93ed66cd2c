"""The live board under load: 50 open boards while 10 leads a second move, and how soon a move is seen.

``python -m benchmarks.dataset --database URL --leads 200000`` makes the rows, then
``DATABASE_URL=URL REDIS_URL=... python -m benchmarks.board_live`` starts one server and opens the boards of
members of the larger company, as ``leads/static/leads/board.js`` and ``crm/static/crm/live.js`` do: the page,
the subscription over WebSocket, and the cards of what changed. First some moves one by one, of which the
delays are printed; then the load, during which the CPU time of the server and of PostgreSQL is taken.
"""

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.open_board import HOST, LATER, Board
from benchmarks.reads.contenders import PRODUCTION, wait_until_up
from benchmarks.reads.load import cpu_seconds

REDIS_PREFIX = "crm-benchmark-board"
SETTLE_SECONDS = 4.0
SUBSCRIPTION = re.compile(r'query: "([^"]+)"')
SCRIPT = "leads/static/leads/board.js"


class Mover:
    """Moves leads between the stages of a pipeline, through the service."""

    def __init__(self, company: Any, member: Any) -> None:
        from crm.actors import Door
        from crm.authentication import actor_for
        from leads.models import Lead
        from pipelines.models import Pipeline, Stage

        self._actor = actor_for(member, company, door=Door.GRAPHQL)
        pipeline = Pipeline.objects.visible_to(self._actor).get(is_default=True)
        self._stages = list(
            Stage.objects.visible_to(self._actor).filter(pipeline=pipeline).order_by("weight")
        )
        # Those that are at the top of their columns, which every board shows.
        leads = Lead.objects.visible_to(self._actor).filter(pipeline=pipeline, closed_at=None)
        self._leads = [
            lead
            for stage in self._stages
            for lead in leads.filter(stage=stage).order_by("last_activity_at", "pk")[:25]
        ]
        self.made: dict[tuple[str, int], float] = {}
        self._next = 0

    def move(self) -> tuple[str, int]:
        """Move the next lead, and return its key and version."""
        from leads.services.leads import update_lead

        lead = self._leads[self._next % len(self._leads)]
        self._next += 1
        places = [stage.pk for stage in self._stages]
        target = places[(places.index(lead.stage_id) + 1) % len(places)]
        moved = update_lead(lead.pk, {"pipeline_stage_id": target}, actor=self._actor)
        lead.stage_id = target
        key = str(moved.pk), moved.version
        self.made[key] = time.monotonic()
        return key


def sessions(members: int) -> tuple[list[str], Any, Any]:
    """Return cookies of sessions of members of the larger company, the company and its manager."""
    from django.conf import settings
    from django.test import Client

    from crm.models import User

    users = [User.objects.get(username=f"larger-{number}") for number in range(members)]
    User.objects.filter(pk__in=[user.pk for user in users]).update(is_staff=True)
    found = []
    for user in users:
        client = Client()
        client.force_login(user)
        found.append(f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}")
    return found, users[0].memberships.get().company, users[0]


def database_sessions() -> list[int]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return [pid for (pid,) in cursor.fetchall()]


async def run(port: int, server: int, arguments: argparse.Namespace) -> bool:
    """Open the boards and move leads; return whether the figures are within their bounds."""
    from asgiref.sync import sync_to_async

    found, company, member = await sync_to_async(sessions)(11)
    mover = await sync_to_async(Mover)(company, member)
    query = SUBSCRIPTION.search(Path(SCRIPT).read_text())
    if query is None:
        raise RuntimeError(f"{SCRIPT} has no subscription.")
    with ThreadPoolExecutor(arguments.boards) as pool:
        boards = [Board(port, found[number % len(found)], pool) for number in range(arguments.boards)]
        tasks, signs = [], []
        for board in boards:
            signs.append(asyncio.Event())
            tasks.append(asyncio.create_task(board.open(query[1], signs[-1])))
            # One after the other: who opens a board at a quiet moment is measured, and not 50 at once.
            waiting = asyncio.create_task(signs[-1].wait())
            await asyncio.wait([waiting, tasks[-1]], return_when=asyncio.FIRST_COMPLETED)
            if tasks[-1].done():
                tasks[-1].result()
        await asyncio.sleep(SETTLE_SECONDS)
        alone = await delays(boards[:2], mover, arguments.single)
        say(f"one move at a time, {arguments.boards} boards open, seen by another: {alone}")
        backends = await sync_to_async(database_sessions)()
        before, read = (cpu_seconds([server]), cpu_seconds(backends)), sum(board.reads for board in boards)
        mover.made.clear()
        begun = time.monotonic()
        number = arguments.moves * arguments.seconds
        for place in range(number):
            await asyncio.sleep(max(0.0, begun + place / arguments.moves - time.monotonic()))
            await sync_to_async(mover.move)()
        await asyncio.sleep(max(0.0, begun + arguments.seconds - time.monotonic()))
        spent = time.monotonic() - begun
        share = (cpu_seconds([server]) - before[0]) / spent
        database = (cpu_seconds(backends) - before[1]) / spent
        read = sum(board.reads for board in boards) - read
        await asyncio.sleep(SETTLE_SECONDS)
        seen = [
            (board.shown[key] - made) * 1000
            for board in boards
            for key, made in mover.made.items()
            if key in board.shown
        ]
        rate = number / spent
        say(
            f"{arguments.boards} boards, {rate:.1f} moves a second, {spent:.0f} s: server {share:.2f} cores, "
            f"PostgreSQL {database:.2f}, {read / spent:.1f} reads of cards a second"
        )
        say(f"moves seen: {len(seen)} of {number * len(boards)}")
        say(f"delay under load: {words(seen)}")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return share <= arguments.most


async def delays(boards: list[Board], mover: Mover, number: int) -> str:
    """Move leads one by one, each seen before the next; return the delays of another's board."""
    from asgiref.sync import sync_to_async

    found = []
    for _ in range(number):
        key = await sync_to_async(mover.move)()
        while key not in boards[1].shown:
            boards[1].check()
            await asyncio.sleep(0.002)
        found.append((boards[1].shown[key] - mover.made[key]) * 1000)
        await asyncio.sleep(LATER + 0.2)
    return words(found)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def words(found: list[float]) -> str:
    ordered = sorted(found)
    last = ordered[int(len(ordered) * 0.95)]
    return f"median {statistics.median(ordered):.0f} ms, 95 % {last:.0f} ms, slowest {ordered[-1]:.0f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.board_live", description=__doc__)
    parser.add_argument("--boards", type=int, default=50)
    parser.add_argument("--moves", type=int, default=10, help="a second")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--single", type=int, default=20, help="moves one by one before the load")
    parser.add_argument("--most", type=float, default=0.5, help="cores of the server")
    parser.add_argument("--port", type=int, default=8021)
    arguments = parser.parse_args()
    os.environ |= {**PRODUCTION, "REDIS_PREFIX": REDIS_PREFIX, "DJANGO_ALLOWED_HOSTS": f"{HOST},testserver"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    command = [sys.executable, "manage.py", "serve", "--port", str(arguments.port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_up(arguments.port, process)
        is_within = asyncio.run(run(arguments.port, process.pid, arguments))
    finally:
        process.terminate()
        process.wait(60)
    if not is_within:
        sys.exit(f"The server is over {arguments.most} cores.")


if __name__ == "__main__":
    main()
