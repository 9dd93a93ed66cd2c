"""A server process of PostgreSQL that hangs in the middle of a request's statement."""

import os
import signal
import time
import urllib.error
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg

from tests.e2e.servers import Api
from tests.patience import PATIENCE_SECONDS

DOCUMENT = "{ tags(first: 1) { data { name } } }"
WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
ENDED = "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)"


@contextmanager
def hanging(url: str, api: Api) -> Iterator[Future[urllib.error.HTTPError | None]]:
    """Send a request whose server process is stopped; at the end, continue that and wait until it is gone."""
    with (
        psycopg.connect(url) as holder,
        psycopg.connect(url, autocommit=True) as watcher,
        ThreadPoolExecutor(1) as client,
    ):
        holder.execute("LOCK TABLE crm_tag IN ACCESS EXCLUSIVE MODE")
        answer = client.submit(_ask, api)
        stopped = _first(watcher, WAITING)
        os.kill(stopped, signal.SIGSTOP)
        try:
            yield answer
        finally:
            os.kill(stopped, signal.SIGCONT)
        _first(watcher, ENDED, stopped)


def _ask(api: Api) -> urllib.error.HTTPError | None:
    try:
        api.ask(DOCUMENT)
    except urllib.error.HTTPError as refused:
        return refused
    return None


def _first(watcher: psycopg.Connection[Any], statement: str, *values: int) -> int:
    """Wait until a statement returns a row, and return its only value."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := watcher.execute(statement, values).fetchone()):
        assert time.monotonic() < deadline, statement
        time.sleep(0.05)
    return int(found[0])
