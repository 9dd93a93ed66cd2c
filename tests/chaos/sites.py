"""An installation for drills: its database, its Redis, and server processes that can be killed."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from tests.config.processes import DEVELOPMENT, environment
from tests.e2e.servers import TOKEN, Api, Lines, free_port, reading
from tests.forks import Warm, warm
from tests.patience import PATIENCE_SECONDS

EVENTS = "SELECT seq, object_id, created_at FROM crm_event WHERE seq > {} ORDER BY seq"


#: The company of the drills.
WRITER = "anna"


class Site:
    """One installation with one company, and tokens for some of its users.

    Its processes are forks of one for each environment: the stack ends those.
    """

    def __init__(self, database: str, stack: ExitStack, *, redis: str = "") -> None:
        self.database = database
        self._stack = stack
        self._warm: dict[frozenset[tuple[str, str]], Warm] = {}
        self.environment = environment(
            DEVELOPMENT, DATABASE_URL=database, REDIS_URL=redis, DJANGO_SETTINGS_MODULE="config.settings"
        )
        self.ports: list[int] = []
        self.tokens: list[str] = []

    def with_redis(self, redis: str, **settings: str) -> "Site":
        """Return the same installation with a Redis, and other settings."""
        site = Site(self.database, self._stack, redis=redis)
        site.environment |= settings
        site._warm = self._warm
        site.tokens = self.tokens
        return site

    @property
    def warm(self) -> Warm:
        """Return the process that forks for this environment; it starts at the first use."""
        key = frozenset(self.environment.items())
        if key not in self._warm:
            self._warm[key] = self._stack.enter_context(warm(self.environment))
        return self._warm[key]

    def prepare(self, *, users: int = 1) -> None:
        """Create the company, and users with a token for each; the tables are there."""
        self._manage("create_company", "Chaos", "--admin", WRITER)
        for number in range(users):
            name = f"user-{number}"
            self._manage("add_member", name, "--company", "1", "--role", "manager")
            found = TOKEN.search(self._manage("create_token", name))
            assert found is not None
            self.tokens.append(found[0])

    def _manage(self, *arguments: str) -> str:
        return self.warm.run("manage.py", *arguments)

    @contextmanager
    def serving(self, port: int | None = None) -> Iterator[Lines]:
        """Run a server process, on a port used before or on a new one."""
        chosen = port or free_port()
        with reading(self.warm.start("manage.py", "serve", "--port", str(chosen))) as lines:
            Api(chosen, self.tokens[0]).wait_until_up(lines)
            if port is None:
                self.ports.append(chosen)
            yield lines

    def last_event(self) -> int:
        """Return the number of the newest event."""
        [[number]] = self._rows("SELECT coalesce(max(seq), 0) FROM crm_event")
        return int(number)

    def count_after(self, number: int) -> int:
        """Return how many events were stored after one, those without a number included."""
        [[count]] = self._rows(f"SELECT count(*) FROM crm_event WHERE seq IS NULL OR seq > {number}")
        return int(count)

    def events_after(self, number: int, count: int) -> dict[int, tuple[int, float]]:
        """Wait until so many events are numbered; return the record and time of each by its number."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = self._rows(EVENTS.format(number))
            if len(found) >= count:
                return {seq: (lead, at.timestamp()) for seq, lead, at in found}
            assert time.monotonic() < deadline, f"{len(found)} of {count} events are numbered"
            time.sleep(0.05)

    def _rows(self, statement: str) -> list[Any]:
        if self.database.startswith("sqlite"):
            return _sqlite_rows(Path(self.database.removeprefix("sqlite:///")), statement)
        with psycopg.connect(self.database) as connected:
            return connected.execute(statement).fetchall()


def _sqlite_rows(path: Path, statement: str) -> list[Any]:
    connected = sqlite3.connect(path)
    try:
        return [
            tuple(
                datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value
                for value in row
            )
            for row in connected.execute(statement)
        ]
    finally:
        connected.close()
