"""Compare servers and workers for the WSGI application: their rate, and what slow clients do to it.

``python -m benchmarks.servers`` starts each on one core, with PostgreSQL and wrk on the other, and measures
in interleaved rounds. Afterwards it holds 50 half-sent requests, and then 16 answers that nobody reads, and
counts how many requests of others are answered. Servers that are not installed take no part (``pip install
waitress granian a2wsgi gevent``).
"""

import argparse
import importlib.util
import json
import socket
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.reads import databases
from benchmarks.reads.contenders import PRODUCTION, Contender
from benchmarks.reads.load import measure
from benchmarks.reads.workloads import WORKLOADS

APP_CORE, LOAD_CORE = 0, 1
FIRST_PORT = 8180
HALF_SENT, UNREAD = 50, 16
#: Requests of others during an attack, and the seconds that each may take.
OTHERS, PATIENCE = 40, 2.0


def _gunicorn(name: str, *arguments: str) -> Contender:
    command = ("gunicorn", "--log-level", "error", *arguments, "config.wsgi")
    return Contender(name=name, command=command, environment=PRODUCTION)


def _launched(name: str) -> Contender:
    return Contender(name=name, command=("benchmarks.server_launchers", name), environment=PRODUCTION)


#: Each with the module that has to be installed.
CONTENDERS = {
    "ours": (_gunicorn("ours"), "gunicorn"),
    "gthread": (_gunicorn("gthread", "--worker-class", "gthread"), "gunicorn"),
    "gevent": (_gunicorn("gevent", "--worker-class", "gevent"), "gevent"),
    "waitress": (_launched("waitress"), "waitress"),
    "granian": (_launched("granian"), "granian"),
    "uvicorn with threads": (_launched("a2wsgi"), "a2wsgi"),
    "uvicorn": (_launched("uvicorn"), "uvicorn"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.servers", description=__doc__)
    parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432/crm_servers")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--contenders", nargs="*", default=list(CONTENDERS))
    arguments = parser.parse_args()
    database = databases.prepare(arguments.database, leads=5_000)
    workload = next(each for each in WORKLOADS if each.name == "leads-20")
    chosen = [name for name in arguments.contenders if importlib.util.find_spec(CONTENDERS[name][1])]
    environment = {"DATABASE_URL": database.address, "DATABASE_POOL_SIZE": "8"}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in chosen}
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        body = Path(directory) / "body.json"
        workload.write(body)
        running = {
            name: (
                port,
                stack.enter_context(
                    CONTENDERS[name][0].running(port=port, core=APP_CORE, environment=environment)
                ),
            )
            for port, name in enumerate(chosen, FIRST_PORT)
        }
        for number in range(-1, arguments.rounds):
            # The order is turned around in each second round; the first one warms caches.
            for name in chosen if number % 2 else list(reversed(chosen)):
                port, pid = running[name]
                measured = measure(
                    f"http://127.0.0.1:{port}/graphql",
                    body=body,
                    token=database.token,
                    clients=8,
                    seconds=arguments.seconds,
                    core=LOAD_CORE,
                    app=pid,
                    database=[database.server],
                )
                if number >= 0:
                    found[name].append((measured.rate, measured.app))
        base = found["gthread"] if "gthread" in found else found[chosen[0]]
        sys.stdout.write(
            f"{arguments.rounds} rounds of {arguments.seconds} s.\n\n"
            "| server | rate of gthread's | CPU of gthread's | answered beside 50 half-sent bodies"
            " | beside 16 unread answers |\n|---|---|---|---|---|\n"
        )
        for name in chosen:
            port = running[name][0]
            # A quotient of each round: neighbours in time share what else the machine does.
            rate, cpu = (
                statistics.median(mine[i] / other[i] for mine, other in zip(found[name], base, strict=True))
                for i in (0, 1)
            )
            with half_sent(port, HALF_SENT):
                beside_bodies = answered(port, body, database.token)
            with unread(port, UNREAD, body, database.token):
                beside_answers = answered(port, body, database.token)
            sys.stdout.write(
                f"| {name} | {rate:.2f} | {cpu:.2f} | {beside_bodies:.0%} | {beside_answers:.0%} |\n"
            )
            sys.stdout.flush()


def answered(port: int, body: Path, token: str) -> float:
    """Return the share of requests that are answered in time, while each failure ends the rest of a count."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    text = body.read_bytes()
    good = 0
    deadline = time.monotonic() + OTHERS * PATIENCE / 8
    for _ in range(OTHERS):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", text, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                good += "errors" not in json.loads(response.read())
        except OSError:
            pass
        if time.monotonic() > deadline:
            break
    return good / OTHERS


@contextmanager
def half_sent(port: int, number: int) -> Iterator[None]:
    """Hold requests whose body never ends."""
    head = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head += b"Content-Length: 5000\r\n\r\n{"
    with _held(port, number, head):
        yield


@contextmanager
def unread(port: int, number: int, body: Path, token: str) -> Iterator[None]:
    """Hold connections that ask for a thousand pages each and read none of them."""
    text = body.read_bytes()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(text)}\r\n\r\n"
    ).encode()
    with _held(port, number, (head + text) * 1_000, buffer=4_096):
        yield


@contextmanager
def _held(port: int, number: int, sent: bytes, *, buffer: int | None = None) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(number):
            client = stack.enter_context(socket.socket())
            if buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            client.connect(("127.0.0.1", port))
            client.setblocking(False)
            try:
                client.send(sent)
            except BlockingIOError:
                continue
        time.sleep(1)
        yield


if __name__ == "__main__":
    main()
