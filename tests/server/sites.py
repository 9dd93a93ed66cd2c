"""The production servers and the shipped proxies in front of them.

Their deadlines are far away: what is held stays held, and others have to be answered beside it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.config.processes import PRODUCTION, ROOT, environment
from tests.e2e.servers import Lines, free_port, make_company, reading, running
from tests.forks import warm
from tests.migrated import SERVER
from tests.patience import PATIENCE_SECONDS
from tests.requirements import REQUIRES_ALL
from tests.server.clients import Client, request

FOREVER = str(10 * PATIENCE_SECONDS)
JSON = "Content-Type: application/json\r\n"
QUERY = b'{"query": "{ __typename }"}'
ANSWER = b'{"data":{"__typename":"Query"}}'
DOORS = ["gunicorn", "serve", "caddy", "nginx"]


@dataclass(frozen=True)
class Site:
    """The two servers, and the proxies in front of both."""

    gunicorn: int
    serve: int
    caddy: int
    nginx: int
    token: str
    processes: dict[str, Lines]

    def port(self, door: str) -> int:
        port: int = getattr(self, door)
        return port


@contextmanager
def rude_site(directory: Path, database: str) -> Iterator[Site]:
    """Start all four for a migrated database, which gets a company."""
    ports = {each: free_port() for each in DOORS}
    env = environment(
        PRODUCTION,
        DATABASE_URL=SERVER._replace(path=f"/{database}").geturl(),
        DJANGO_ALLOWED_HOSTS="127.0.0.1",
        REDIS_URL=os.environ["TEST_REDIS_URL"],
        REDIS_PREFIX=database,
        FILES_ROOT=str(directory / "files"),
        CLIENT_HEAD_SECONDS=FOREVER,
        CLIENT_BODY_SECONDS=FOREVER,
        API_RATE_LIMIT="0",
        WEB_CONCURRENCY="1",
        DJANGO_SSL_REDIRECT="false",
    )
    commands = {
        "gunicorn": ["-m", "gunicorn", "--bind", f"127.0.0.1:{ports['gunicorn']}"],
        "serve": ["manage.py", "serve", "--port", str(ports["serve"])],
    }
    with ExitStack() as stack:
        forking = stack.enter_context(warm(env))
        _company, token = make_company(forking)
        started = {
            each: stack.enter_context(reading(forking.start(*command))) for each, command in commands.items()
        }
        for proxy, start in {"caddy": caddy, "nginx": nginx}.items():
            started[proxy] = stack.enter_context(start(directory, ports))
        for door, lines in started.items():
            wait_until_up(ports[door], lines)
        yield Site(**ports, token=token, processes=started)


@contextmanager
def caddy(directory: Path, ports: Mapping[str, int], body_seconds: str = FOREVER) -> Iterator[Lines]:
    """Run Caddy with the shipped configuration, and other deadlines.

    :param ports: of ``caddy``, and of the servers ``gunicorn`` and ``serve``.
    """
    text = replaced(
        (ROOT / "Caddyfile").read_text(),
        {
            "read_header 10s": f"read_header {FOREVER}s",
            "read_body 60s": f"read_body {body_seconds}s",
            # A rate that a busy machine keeps.
            "read_timeout 20s 16384": f"read_timeout {body_seconds}s 100",
        },
    )
    written = directory / f"Caddyfile-{ports['caddy']}"
    written.write_text(text)
    env = environment(
        CRM_HOST=f"http://127.0.0.1:{ports['caddy']}",
        CRM_WEB=f"127.0.0.1:{ports['gunicorn']}",
        CRM_WS=f"127.0.0.1:{ports['serve']}",
        HOME=str(directory),
    )
    command = [program("caddy"), "run", "--config", str(written), "--adapter", "caddyfile"]
    with running(*command, env=env) as lines:
        yield lines


@contextmanager
def nginx(directory: Path, ports: Mapping[str, int], body_seconds: str = FOREVER) -> Iterator[Lines]:
    """Run nginx with the shipped configuration, and other deadlines.

    :param ports: of ``nginx``, and of the servers ``gunicorn`` and ``serve``.
    """
    own = directory / f"nginx-{ports['nginx']}"
    own.mkdir()
    text = replaced(
        (ROOT / "nginx.conf").read_text(),
        {
            "server web:8000;": f"server 127.0.0.1:{ports['gunicorn']};",
            "server ws:8000;": f"server 127.0.0.1:{ports['serve']};",
            "listen 80;": f"listen 127.0.0.1:{ports['nginx']};",
            "client_header_timeout 10s;": f"client_header_timeout {FOREVER}s;",
            "client_body_timeout 10s;": f"client_body_timeout {body_seconds}s;",
        },
    )
    paths = [
        f"{kind}_temp_path {own}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    ]
    text = text.replace("http {", "http {\n" + "\n".join(paths))
    written = own / "nginx.conf"
    written.write_text(f"pid {own}/nginx.pid;\nerror_log stderr;\nuser root;\n{text}")
    with running(program("nginx"), "-c", str(written), "-g", "daemon off;", env=environment()) as lines:
        yield lines


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """Return a configuration with other values, each of which stands in it once."""
    for shipped, ours in changes.items():
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, ours)
    return text


def program(name: str) -> str:
    """Return the path of a proxy; without it the tests are skipped, or fail."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        (pytest.fail if REQUIRES_ALL else pytest.skip)(f"needs {name}")
    assert found is not None
    return found


def wait_until_up(port: int, lines: Lines) -> None:
    """Wait until a server, or the one behind a proxy, answers."""
    for _ in range(PATIENCE_SECONDS * 10):
        assert lines.process.poll() is None, lines.seen
        try:
            if Client(port, get("/healthz")).answer()[0] == 200:
                return
        except OSError:
            pass
        subprocess.run(["sleep", "0.1"], check=True)
    raise TimeoutError(port)


def get(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()


def post(body: bytes, headers: str = JSON, *, length: int | None = None, path: str = "/graphql") -> bytes:
    return request(path, body, length=length, headers=headers)
