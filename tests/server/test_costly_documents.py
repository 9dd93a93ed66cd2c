"""Documents that ask for far too much, eight at once, against the production server."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.config.processes import PRODUCTION, environment
from tests.e2e.servers import Api, free_port, manage, running
from tests.graphql.budget.test_budget import attacks
from tests.migrated import SERVER, drop
from tests.server.clients import Client, request

pytestmark = pytest.mark.postgres

MAKE = """
import json
from crm.services.tokens import create_token
from tests.factories.crm import tenant
from tests.graphql.budget.bulky import make_bulky
made = tenant()
bulky = make_bulky(made, stages=150)
user = made.users["agent"]
_, raw = create_token(user, made.company)
keys = {name: getattr(bulky, name).pk for name in ("person", "lead", "pipeline")}
print(json.dumps({"token": raw, **keys}))
"""
#: Its budget is smaller in its own test.
LEFT_OUT = "sized duplicates"
AT_ONCE = 8
MEGABYTE = 1024 * 1024
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Site:
    api: Api
    attacks: dict[str, tuple[str, dict[str, Any]]]
    process: int

    def workers(self) -> list[int]:
        """Return the server's process and those that it started."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return [self.process, *map(int, children)]

    def memory(self) -> int:
        """Return the bytes that these processes have in memory."""
        pages = sum(int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in self.workers())
        return pages * os.sysconf("SC_PAGE_SIZE")

    def seconds(self) -> float:
        """Return the processor time that these processes have taken."""
        stats = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in self.workers()]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS


@pytest.fixture(scope="module")
def site(copy_template: Callable[[str], None]) -> Iterator[Site]:
    name = f"crm_costly_{os.getpid()}"
    copy_template(name)
    env = environment(
        PRODUCTION,
        DATABASE_URL=SERVER._replace(path=f"/{name}").geturl(),
        DJANGO_ALLOWED_HOSTS="127.0.0.1",
        DJANGO_SSL_REDIRECT="false",
        REDIS_URL=os.environ["TEST_REDIS_URL"],
        REDIS_PREFIX=name,
        WEB_CONCURRENCY="1",
    )
    try:
        made = json.loads(manage("shell", "--no-imports", "--command", MAKE, env=env).splitlines()[-1])
        rows = {each: SimpleNamespace(pk=made[each]) for each in ("person", "lead", "pipeline")}
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
        with running(*command, env=env) as lines:
            api = Api(port, made["token"])
            api.wait_until_up(lines)
            bulky: Any = SimpleNamespace(**rows)
            documents = attacks(bulky)
            del documents[LEFT_OUT]
            yield Site(api, documents, lines.process.pid)
    finally:
        drop(name)


def test_each_is_refused_with_little_work(site):
    for name, (document, extensions) in site.attacks.items():
        before = site.seconds()

        answer = site.api.ask(document)

        assert [error["extensions"] for error in answer["errors"]] == [extensions], name
        assert site.seconds() - before < 3, name


def test_others_are_answered_beside_eight_of_them(site):
    before = site.memory()
    kinds = list(site.attacks.values()) * AT_ONCE
    answers: list[tuple[dict[str, Any], dict[str, Any]]] = []
    attackers = [
        threading.Thread(target=lambda kind=kind: answers.append((site.api.ask(kind[0]), kind[1])))
        for kind in kinds[:AT_ONCE]
    ]
    for attacker in attackers:
        attacker.start()

    waits = []
    while any(attacker.is_alive() for attacker in attackers):
        started = time.monotonic()
        assert Client(site.api.port, request("/healthz", method="GET")).answer()[0] == 200
        waits.append(time.monotonic() - started)

    assert len(answers) == AT_ONCE
    for answer, extensions in answers:
        assert [error["extensions"] for error in answer["errors"]] == [extensions]
    # Not behind them: of eight attacks for four threads, none has to end before a probe is answered.
    assert len(waits) > AT_ONCE, waits
    assert site.memory() - before < 200 * MEGABYTE
