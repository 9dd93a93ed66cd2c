"""Documents that ask for far too much, eight at once, against the production server."""

import json
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from tests.config.processes import PRODUCTION, environment
from tests.e2e.servers import Api, free_port, reading
from tests.forks import warm
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
#: Processor time of an attack, in the server and in PostgreSQL together: the clock would tell how busy the
#: machine is. Where others compute on the same cores, even this grows: the least of some tries counts.
MOST_SECONDS = 3
TRIES = 3
SLOWEST_PROBE = 1
#: Ticks that the connections of a database have taken. PostgreSQL reads them: it may run in a container.
USED = """
SELECT coalesce(sum(split_part(stat, ' ', 14)::int + split_part(stat, ' ', 15)::int), 0)
FROM pg_stat_activity, pg_read_file('/proc/' || pid || '/stat', 0, 4096, true) AS stat
WHERE datname = %s AND backend_type = 'client backend'
"""


@dataclass(frozen=True)
class Site:
    api: Api
    attacks: dict[str, tuple[str, dict[str, Any]]]
    process: int
    database: str

    def workers(self) -> list[int]:
        """Return the server's process and those that it started."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return [self.process, *map(int, children)]

    def memory(self) -> int:
        """Return the bytes that these processes have in memory."""
        pages = sum(int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in self.workers())
        return pages * os.sysconf("SC_PAGE_SIZE")

    def seconds(self) -> tuple[float, float]:
        """Return the processor time that these processes have taken, and that of their connections.

        The server keeps its connections for minutes: no time is lost with one that ends.
        """
        stats = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in self.workers()]
        with psycopg.connect(SERVER._replace(path="/postgres").geturl()) as connection:
            [used] = connection.execute(USED, [self.database]).fetchone() or [0]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS, int(used) / TICKS


@pytest.fixture(scope="module")
def site(copy_template: Callable[[str], None]) -> Iterator[Site]:
    name = f"crm_costly_{os.getpid()}"
    copy_template(name)
    address = SERVER._replace(path=f"/{name}").geturl()
    with psycopg.connect(address) as connection:
        # Workers of a statement would take their time with them when they end.
        connection.execute(f"ALTER DATABASE {name} SET max_parallel_workers_per_gather = 0")
    env = environment(
        PRODUCTION,
        DATABASE_URL=address,
        DJANGO_ALLOWED_HOSTS="127.0.0.1",
        DJANGO_SSL_REDIRECT="false",
        REDIS_URL=os.environ["TEST_REDIS_URL"],
        REDIS_PREFIX=name,
        WEB_CONCURRENCY="1",
    )
    try:
        with warm(env) as forking:
            made = json.loads(
                forking.run("manage.py", "shell", "--no-imports", "--command", MAKE).splitlines()[-1]
            )
            rows = {each: SimpleNamespace(pk=made[each]) for each in ("person", "lead", "pipeline")}
            port = free_port()
            with reading(forking.start("-m", "gunicorn", "--bind", f"127.0.0.1:{port}")) as lines:
                api = Api(port, made["token"])
                api.wait_until_up(lines)
                bulky: Any = SimpleNamespace(**rows)
                documents = attacks(bulky)
                del documents[LEFT_OUT]
                yield Site(api, documents, lines.process.pid, name)
    finally:
        drop(name)


def seconds_of(site: Site, document: str, extensions: dict[str, Any]) -> float:
    before = sum(site.seconds())
    answer = site.api.ask(document)
    assert [error["extensions"] for error in answer["errors"]] == [extensions], document
    return sum(site.seconds()) - before


def test_each_is_refused_with_little_work(site):
    for name, (document, extensions) in site.attacks.items():
        # Each try with another document, of which nothing is remembered.
        tries = (seconds_of(site, document + " " * spaces, extensions) for spaces in range(TRIES))
        assert any(seconds < MOST_SECONDS for seconds in tries), name
    # That PostgreSQL's part is counted.
    assert min(site.seconds()) > 0


def waits_beside_eight(site: Site) -> list[float]:
    """Return the seconds that each of the probes took while eight attacks were answered."""
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
    return waits


def test_others_are_answered_beside_eight_of_them(site):
    before = site.memory()
    rounds: list[list[float]] = []
    # The median leaves out the probes that waited for a core; it is 0.4 s where six others want each core.
    # Another round may find a busier machine less so.
    while not rounds or (statistics.median(rounds[-1]) >= SLOWEST_PROBE and len(rounds) < TRIES):
        rounds.append(waits_beside_eight(site))
        # Not behind them: of eight attacks for four threads, none has to end before a probe is answered.
        assert len(rounds[-1]) > AT_ONCE, rounds

    assert statistics.median(rounds[-1]) < SLOWEST_PROBE, rounds
    assert site.memory() - before < 200 * MEGABYTE
