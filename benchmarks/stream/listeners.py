"""Starts and controls the process of the subscribers, on another core than the server."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.stream.servers import HOST, LOAD_CORE, Server

DOCUMENT = Path(__file__).parents[2] / "tests" / "specification" / "13_lead_update.graphql"
#: Longest time for the last delivery of an event.
EVENT_SECONDS = 60.0


class Listeners:
    """Subscribers with open sockets; ``opening_seconds`` is the time that opening took."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.opening_seconds = 0.0
        self.failures: list[str] = []
        self._process = process

    def open(self, server: Server, subscribers: Sequence[tuple[str, int]]) -> None:
        """Open a socket with a subscription of the specification's document for each."""
        query = DOCUMENT.read_text()
        self._send({"host": HOST, "port": server.port, "query": query, "subscribers": subscribers})
        answer = self._read()
        self.opening_seconds, self.failures = answer["seconds"], answer["failures"]

    def follow(self, event: int, *, deliveries: int, group: int | None = None) -> tuple[float, Any]:
        """Wait until so many received an event; return the time of the last one and the content.

        :param group: the index of the member who receives it, None for all.
        :raises RuntimeError: if they do not, or receive something else.
        """
        self._send({"event": event, "deliveries": deliveries, "group": group, "seconds": EVENT_SECONDS})
        answer = self._read()
        return answer["last_at"], answer["data"]

    def close(self) -> int:
        """Close all sockets and return the number of deliveries.

        :raises RuntimeError: if an event did not come once, in order.
        """
        self._send(None)
        return int(self._read()["deliveries"])

    def _send(self, command: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        answer = json.loads(self._process.stdout.readline() or '{"error": "The subscribers ended."}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


@contextmanager
def listening(server: Server, subscribers: Sequence[tuple[str, int]]) -> Iterator[Listeners]:
    """Open sockets with subscriptions to a server while the block runs.

    :raises RuntimeError: if a socket could not be opened.
    """
    command = ["taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "benchmarks.stream.client"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            listeners = Listeners(process)
            listeners.open(server, subscribers)
            yield listeners
        finally:
            process.kill()
    server.tune_gc()
