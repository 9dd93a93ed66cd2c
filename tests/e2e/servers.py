"""Real server processes, and real clients that talk to them."""

import json
import queue
import re
import socket
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.config.processes import ROOT
from tests.forks import Forked, Warm
from tests.patience import PATIENCE_SECONDS

NODE = Path(__file__).parent.parent / "node"
TOKEN = re.compile(r"\bcrm_[A-Za-z0-9_-]{43}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Lines:
    """The output of a process, line by line, with a time limit on each wait."""

    def __init__(self, process: subprocess.Popen[str] | Forked) -> None:
        self.process = process
        self.seen: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def close(self) -> None:
        """Read what is left, and close the pipe; the process has ended."""
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def next(self, timeout: float = PATIENCE_SECONDS) -> str:
        """Return the next line.

        :raises queue.Empty: if none came in time.
        :raises EOFError: if the process ended its output.
        """
        line = self._queue.get(timeout=timeout)
        if line is None:
            raise EOFError("\n".join(self.seen))
        self.seen.append(line)
        return line

    def find(self, pattern: re.Pattern[str]) -> str:
        """Read on to the line that matches a pattern, and return the match."""
        while True:
            found = pattern.search(self.next())
            if found:
                return found[0]


@contextmanager
def running(*command: str, env: Mapping[str, str], cwd: Path = ROOT) -> Iterator[Lines]:
    """Run a process while the block runs; then terminate it."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**env, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with reading(process) as lines:
        yield lines


@contextmanager
def reading(process: subprocess.Popen[str] | Forked) -> Iterator[Lines]:
    """Read what a process writes while the block runs; then terminate it."""
    lines = Lines(process)
    try:
        yield lines
    finally:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE_SECONDS)
        finally:
            process.kill()
            lines.close()


def make_company(forking: Warm) -> tuple[str, str]:
    """Make the company Acme in a migrated database, whose administrator is ann.

    :return: the company's id and a token of ann.
    """
    company = forking.run("manage.py", "create_company", "Acme", "--admin", "ann").split()[-1]
    return company, forking.run("manage.py", "create_token", "ann").split()[-1]


@dataclass(frozen=True)
class Api:
    """One server's API, called over HTTP with a token."""

    port: int
    token: str

    def ask(self, document: str) -> dict[str, Any]:
        """Send a document and return the whole answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            data=json.dumps({"query": document}).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    def data(self, document: str) -> dict[str, Any]:
        """Send a document that must succeed, and return its data."""
        answer = self.ask(document)
        assert "errors" not in answer, answer
        result: dict[str, Any] = answer["data"]
        return result

    def wait_until_up(self, lines: Lines) -> None:
        """Wait until the server accepts connections."""
        for _ in range(PATIENCE_SECONDS * 10):
            assert lines.process.poll() is None, lines.seen
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            threading.Event().wait(0.1)
        raise TimeoutError(f"nothing listens on {self.port}")

    def subscriber(self, query: str, *, env: Mapping[str, str]) -> Any:
        """Subscribe with npm graphql-ws: a context manager for the messages as lines."""
        address = f"ws://127.0.0.1:{self.port}/graphql"
        return running("node", "subscribe.mjs", address, self.token, query, env=env, cwd=NODE)


def first_message(lines: Lines, nudge: Callable[[], Any]) -> dict[str, Any]:
    """Make changes until a subscriber receives one; from then on it receives them all.

    The protocol does not acknowledge a subscription, so a first message is the only sign that it has started.
    """
    for _ in range(PATIENCE_SECONDS * 2):
        nudge()
        try:
            return json.loads(lines.next(timeout=0.5))  # type: ignore[no-any-return]  # an object, by protocol
        except queue.Empty:
            continue
    raise TimeoutError("the subscriber received nothing")


def messages_until(lines: Lines, last: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Read messages up to and including the last one."""
    messages: list[dict[str, Any]] = []
    while not messages or not last(messages[-1]):
        messages.append(json.loads(lines.next()))
    return messages
