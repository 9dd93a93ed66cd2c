"""The servers to compare: how each is started on one core, and its use of CPU and memory."""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reads.contenders import PRODUCTION
from benchmarks.reads.load import cpu_seconds

SERVER_CORE, LOAD_CORE = 0, 1
HOST = "127.0.0.1"
#: Keeps the benchmark apart from others on the same Redis.
REDIS_PREFIX = "crm-benchmark-stream"
COMMANDS = {
    "crm": ["manage.py", "serve", "--port"],
    "no log": ["-m", "benchmarks.stream.no_log"],
    "naive": ["-m", "benchmarks.stream.naive"],
}
SETTLE_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    port: int
    pid: int

    @property
    def is_durable(self) -> bool:
        """Whether it reads the event log; the others are sent the events."""
        return self.name == "crm"

    def cpu(self) -> float:
        """Return the seconds of CPU used so far."""
        return cpu_seconds([self.pid])

    def memory(self) -> int:
        """Return the memory in use, in KiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def tune_gc(self) -> None:
        """Wait until the sockets of the round before are closed.

        :raises RuntimeError: if they stay.
        """
        for _ in range(SETTLE_SECONDS * 10):
            if self._sockets() < 20:
                time.sleep(0.3)
                return
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} keeps sockets whose clients are gone.")

    def _sockets(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@contextmanager
def running(name: str, *, port: int, environment: dict[str, str]) -> Iterator[Server]:
    """Run a server on one core while the block runs.

    :raises RuntimeError: if it does not start.
    """
    with tempfile.TemporaryFile("w+") as log:
        command = ["taskset", "-c", str(SERVER_CORE), sys.executable, *COMMANDS[name], str(port)]
        process = subprocess.Popen(
            command, env={**os.environ, **PRODUCTION, **environment}, stdout=log, stderr=log
        )
        try:
            if not _answers(port, process):
                log.seek(0)
                raise RuntimeError(f"{name} did not start:\n{log.read()[-2000:]}")
            yield Server(name, port, process.pid)
        finally:
            process.terminate()
            process.wait(60)


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=1).read()
            return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            if process.poll() is not None:
                return False
            time.sleep(0.1)
    return False
