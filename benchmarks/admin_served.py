"""The CRM as in production, served for browsers from the database of the settings."""

import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from playwright.sync_api import Browser, Page, Playwright

from benchmarks.reads.contenders import PRODUCTION
from benchmarks.reads.load import cpu_seconds

ROOT = Path(__file__).parent.parent
START_SECONDS = 300
#: The cookie of sessions in production.
SESSION = "__Host-sessionid"
#: Signs members in, whatever their passwords are, and makes a token of the first.
SIGN_IN = """
import sys
import django
django.setup()
from django.conf import settings
from django.test import Client
from crm.models import User
from crm.services.tokens import create_token
users = [User.objects.get(username=name) for name in sys.argv[1:]]
for user in users:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client = Client()
    client.force_login(user)
    print(client.cookies[settings.SESSION_COOKIE_NAME].value)
_, token = create_token(users[0], users[0].memberships.get().company, name="browsers")
print(token)
"""


@dataclass(frozen=True, kw_only=True)
class Served:
    """A running server, and the sessions of some members."""

    port: int
    pid: int
    database: str
    sessions: list[str]
    token: str

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, member: int = 0) -> str:
        """Return the body of a page as a member sees it."""
        return self._ask("GET", path, None, {"Cookie": f"{SESSION}={self.sessions[member]}"})

    def graphql(self, document: str) -> Any:
        """Return the data of a document of the API."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        answer = json.loads(self._ask("POST", "/graphql", json.dumps({"query": document}), headers))
        if "errors" in answer:
            raise RuntimeError(answer["errors"])
        return answer["data"]

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path} answers {answer.status}")
        return text

    def cpu(self) -> float:
        """Return the seconds of CPU that the server has used."""
        return cpu_seconds([self.pid])

    def database_cpu(self) -> float:
        """Return the seconds of CPU that the sessions of the database have used."""
        with psycopg.connect(self.database) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return cpu_seconds([pid for (pid,) in found])


@contextmanager
def serving(database: str, members: Sequence[str]) -> Iterator[Served]:
    """Serve a database with Redis, as in production, while the block runs.

    :raises RuntimeError: if the server does not start.
    """
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        env = {
            **os.environ,
            **PRODUCTION,
            "DATABASE_URL": database,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "FILES_ROOT": folder,
            "REDIS_PREFIX": f"browsers-{secrets.token_hex(4)}",
        }
        subprocess.run(
            [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"],
            cwd=ROOT,
            env=env,
            check=True,
        )
        made = subprocess.run(
            [sys.executable, "-c", SIGN_IN, *members],
            cwd=ROOT,
            env=env,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        *sessions, token = made.stdout.split()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=ROOT,
            env=env,
            stdout=log,
            stderr=log,
        )
        served = Served(port=port, pid=process.pid, database=database, sessions=sessions, token=token)
        try:
            _wait(served, process)
            yield served
        finally:
            process.terminate()
            process.wait()


def _wait(served: Served, process: subprocess.Popen[bytes]) -> None:
    for _ in range(START_SECONDS * 10):
        if process.poll() is not None:
            break
        try:
            served.get("/healthz")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("The server does not start.")


def launch(playwright: Playwright) -> Browser:
    """Start the Chromium of the system."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    return playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])


def open_page(browser: Browser, served: Served) -> Page:
    """Open an empty page of a browser of its own, in which the member is signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    # Chromium takes and sends secure cookies on the machine itself without TLS too.
    context.add_cookies(
        [
            {
                "name": SESSION,
                "value": served.sessions[0],
                "domain": "127.0.0.1",
                "path": "/",
                "secure": True,
                "httpOnly": True,
            }
        ]
    )
    return context.new_page()
