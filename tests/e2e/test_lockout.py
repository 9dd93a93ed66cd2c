"""Two server processes without Redis count failed sign-ins together."""

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from tests.config.processes import DEVELOPMENT, environment
from tests.e2e.servers import Api, free_port, reading
from tests.forks import warm
from tests.patience import PATIENCE_SECONDS

SETUP = """
from crm.models import User
for name in ("anna", "bert"):
    user = User(username=name, is_staff=True)
    user.set_password("right")
    user.save()
"""


class StaysOnThePage(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@pytest.fixture
def ports(migrated_file: Path, tmp_path: Path) -> Iterator[list[int]]:
    """Two servers on one SQLite file, behind one proxy."""
    file = tmp_path / "servers.sqlite3"
    file.write_bytes(migrated_file.read_bytes())
    env = environment(DEVELOPMENT, DATABASE_URL=f"sqlite:///{file}", TRUSTED_PROXY_COUNT="1")
    with ExitStack() as stack:
        forking = stack.enter_context(warm(env))
        forking.run("manage.py", "shell", "--command", SETUP)
        ports = [free_port() for _ in range(2)]
        for port in ports:
            serving = forking.start("manage.py", "serve", "--port", str(port))
            lines = stack.enter_context(reading(serving))
            Api(port, "").wait_until_up(lines)
        yield ports


def sign_in(port: int, name: str, password: str, address: str) -> tuple[int, str | None]:
    """Sign in as a browser does; return the status and how long to wait."""
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar), StaysOnThePage())
    page = f"http://127.0.0.1:{port}/admin/login/"
    browser.open(page, timeout=PATIENCE_SECONDS).close()
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = {"username": name, "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}
    request = urllib.request.Request(
        page, data=urllib.parse.urlencode(form).encode(), headers={"X-Forwarded-For": address}
    )
    try:
        with browser.open(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, answer.headers["Retry-After"]
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers["Retry-After"]


def test_thirty_wrong_passwords_through_two_servers_are_locked_from_the_eleventh_on(ports: list[int]) -> None:
    wrong = [sign_in(ports[turn % 2], "anna", "wrong", "192.0.2.1") for turn in range(30)]
    right = [sign_in(port, "anna", "right", "192.0.2.2") for port in ports]
    elsewhere = [sign_in(port, "bert", "right", "192.0.2.2") for port in ports]

    assert [status for status, _ in wrong] == [200] * 10 + [429] * 20
    assert [status for status, _ in right] == [429, 429]
    assert all(0 < int(wait or 0) <= 900 for _, wait in wrong[10:] + right)
    assert [status for status, _ in elsewhere] == [302, 302]
