"""The subscribers, in a process on the core beside the server's."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.stream.servers import HOST, LOAD_CORE, Server

DOCUMENT = Path(__file__).parents[2] / "tests" / "specification" / "13_lead_update.graphql"
#: How long is waited for the last delivery of an event.
EVENT_SECONDS = 60.0


class Listeners:
    """Subscribers whose sockets stand; ``opening_seconds`` is how long that took."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.opening_seconds = 0.0
        self.failures: list[str] = []
        self._process = process

    def open(self, server: Server, subscribers: Sequence[tuple[str, int]]) -> None:
        """Open a socket with a subscription of the specification's document for each."""
        query = DOCUMENT.read_text()
        self._say({"host": HOST, "port": server.port, "query": query, "subscribers": subscribers})
        answer = self._read()
        self.opening_seconds, self.failures = answer["seconds"], answer["failures"]

    def follow(self, event: int, *, deliveries: int, group: int | None = None) -> tuple[float, Any]:
        """Wait until so many were told of an event; give when the last one was, and what all were told.

        :param group: the place of the member who is to be told, None for all.
        :raises RuntimeError: if they are not, or are told otherwise.
        """
        self._say({"event": event, "deliveries": deliveries, "group": group, "seconds": EVENT_SECONDS})
        answer = self._read()
        return answer["last_at"], answer["data"]

    def close(self) -> int:
        """End all; give how many deliveries there were.

        :raises RuntimeError: if one was not told each event once, in order.
        """
        self._say(None)
        return int(self._read()["deliveries"])

    def _say(self, asked: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        answer = json.loads(self._process.stdout.readline() or '{"error": "The subscribers ended."}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


@contextmanager
def listening(server: Server, subscribers: Sequence[tuple[str, int]]) -> Iterator[Listeners]:
    """Have a server listened to.

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
