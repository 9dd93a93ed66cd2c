"""An installation for drills: its database, its Redis, and server processes that can be killed."""

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from tests.config.processes import DEVELOPMENT, environment
from tests.e2e.servers import TOKEN, Api, Lines, free_port, manage, running
from tests.patience import PATIENCE_SECONDS

EVENTS = "SELECT seq, object_id, created_at FROM crm_event WHERE seq > {} ORDER BY seq"


#: The company of the drills.
WRITER = "anna"


class Site:
    """One installation with one company, and tokens for some of its users."""

    def __init__(self, database: str, *, redis: str = "") -> None:
        self.database = database
        self.environment = environment(
            DEVELOPMENT, DATABASE_URL=database, REDIS_URL=redis, DJANGO_SETTINGS_MODULE="config.settings"
        )
        self.ports: list[int] = []
        self.tokens: list[str] = []

    def with_redis(self, redis: str, **settings: str) -> "Site":
        """Return the same installation with a Redis, and other settings."""
        site = Site(self.database, redis=redis)
        site.environment |= settings
        site.tokens = self.tokens
        return site

    def prepare(self, *, users: int = 1) -> None:
        """Create the company, and users with a token for each; the tables are there."""
        manage("create_company", "Chaos", "--admin", WRITER, env=self.environment)
        for number in range(users):
            name = f"user-{number}"
            manage("add_member", name, "--company", "1", "--role", "manager", env=self.environment)
            found = TOKEN.search(manage("create_token", name, env=self.environment))
            assert found is not None
            self.tokens.append(found[0])

    @contextmanager
    def serving(self, port: int | None = None) -> Iterator[Lines]:
        """Run a server process, on a port used before or on a new one."""
        chosen = port or free_port()
        with running(
            sys.executable, "manage.py", "serve", "--port", str(chosen), env=self.environment
        ) as lines:
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
