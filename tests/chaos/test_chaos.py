"""Nothing is lost and nothing comes twice, whatever fails."""

import asyncio
import math
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.chaos.drills import Report, drill
from tests.chaos.hanging import hanging
from tests.chaos.listeners import RECORDS
from tests.chaos.services import Postgres, Redis, own_postgres
from tests.chaos.sites import Site
from tests.e2e.servers import Api
from tests.patience import PATIENCE_SECONDS

LONG = os.environ.get("CHAOS") == "long"
LISTENERS, LEADS, PACE = (100, 600, 30.0) if LONG else (8, 60, 20.0)
#: A user has at most twenty connections.
USERS = -(-LISTENERS // 20)
#: Seconds from the commit, or from the recovery. The short form runs beside other tests, and holds
#: no time.
LATEST = 5.0 if LONG else math.inf
SLOWEST_WRITE = 2.0 if LONG else math.inf

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    with own_postgres() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def prepared(cluster: Postgres, template: Callable[[], AbstractContextManager[str]]) -> Iterator[Site]:
    with template() as url:
        cluster.copy_from(url)
    with ExitStack() as stack:
        site = Site(cluster.url, stack)
        site.prepare(users=USERS)
        yield site


@pytest.fixture(scope="module")
def same_address() -> Redis:
    """A Redis at one address, so that the servers of all tests have one environment."""
    return Redis()


@pytest.fixture
def redis(same_address: Redis) -> Iterator[Redis]:
    same_address.start()
    yield same_address
    same_address.kill()


def hold(report: Report, *, latest: float = LATEST) -> None:
    """Assert that a drill lost nothing, and how late the last event came."""
    assert (report.lost, report.duplicate, report.foreign) == (0, 0, 0), str(report)
    assert report.expected == report.received > 0, str(report)
    assert report.worst < latest, str(report)


@pytest.mark.parametrize("seconds", [2, 30] if LONG else [2])
async def test_redis_is_killed_for_seconds(prepared: Site, redis: Redis, seconds: int) -> None:
    site = prepared.with_redis(redis.url)

    async def disturb() -> None:
        redis.kill()
        await asyncio.sleep(seconds)
        redis.start()

    with site.serving():
        report = await drill(
            f"Redis killed for {seconds} s",
            site,
            listeners=LISTENERS,
            leads=max(LEADS, int(seconds * PACE * 1.5)),
            pace=PACE,
            disturb=disturb,
        )

    hold(report)
    # A change of a lead does not wait for Redis.
    assert report.slowest_write < SLOWEST_WRITE


async def test_there_is_no_redis_at_all(prepared: Site) -> None:
    site = prepared.with_redis("")
    with site.serving():
        hold(await drill("no Redis", site, listeners=LISTENERS, leads=LEADS, pace=PACE))


async def test_the_server_is_killed_twice(prepared: Site, redis: Redis) -> None:
    site = prepared.with_redis(redis.url)
    with ExitStack() as servers:
        lines = servers.enter_context(site.serving())

        async def disturb() -> None:
            nonlocal lines
            for _ in range(2):
                lines.process.kill()
                lines.process.wait()
                lines = await asyncio.to_thread(servers.enter_context, site.serving(site.ports[0]))

        report = await drill(
            "server killed twice", site, listeners=LISTENERS, leads=LEADS, pace=PACE, disturb=disturb
        )

    hold(report)
    assert report.reconnects >= 2 * LISTENERS


async def test_the_server_is_killed_while_records_of_every_kind_are_written(
    prepared: Site, redis: Redis
) -> None:
    site = prepared.with_redis(redis.url)
    with ExitStack() as servers:
        lines = servers.enter_context(site.serving())

        async def disturb() -> None:
            redis.kill()
            lines.process.kill()
            lines.process.wait()
            # First: a server is not ready without its Redis.
            redis.start()
            await asyncio.to_thread(servers.enter_context, site.serving(site.ports[0]))

        report = await drill(
            "server and Redis killed, records of every kind",
            site,
            listeners=LISTENERS,
            leads=LEADS,
            pace=PACE,
            disturb=disturb,
            query=RECORDS,
        )

    hold(report)
    # A fifth has two events, of a person and its note, another one of a pipeline and its stage.
    assert report.expected >= LISTENERS * LEADS * 7 // 5


async def test_postgresql_is_restarted(prepared: Site, redis: Redis, cluster: Postgres) -> None:
    site = prepared.with_redis(redis.url)

    async def disturb() -> None:
        await asyncio.to_thread(cluster.restart)
        await asyncio.to_thread(cluster.wait_until_up)

    with site.serving():
        hold(
            await drill(
                "PostgreSQL restarted",
                site,
                listeners=LISTENERS,
                leads=LEADS,
                pace=PACE,
                disturb=disturb,
            )
        )


def test_a_request_ends_though_its_postgresql_hangs(prepared: Site, redis: Redis, cluster: Postgres) -> None:
    # No timeout of a server ends a statement while the server itself stands still.
    site = prepared.with_redis(redis.url, REQUEST_DEADLINE="2")
    with site.serving():
        api = Api(site.ports[0], site.tokens[0])
        with hanging(cluster.url, api) as answer:
            refused = answer.result(PATIENCE_SECONDS)
            with urlopen(f"http://127.0.0.1:{api.port}/readyz", timeout=PATIENCE_SECONDS) as ready:
                assert ready.status == 200

    assert refused is not None
    assert (refused.code, refused.headers["Retry-After"]) == (503, "5")
    assert '"TIMEOUT"' in refused.read().decode()


async def test_three_processes_number_events_in_whatever_order_they_are_committed(
    prepared: Site, redis: Redis
) -> None:
    site = prepared.with_redis(redis.url)
    with site.serving(), site.serving(), site.serving():
        hold(
            await drill(
                "three processes, commits in no order",
                site,
                listeners=LISTENERS,
                leads=2_000 if LONG else 200,
                pace=1_000,
                threads=6,
            )
        )


async def test_another_process_writes_on_sqlite_without_redis(migrated_file: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_file, tmp_path / "chaos.sqlite3")
    with ExitStack() as stack:
        site = Site(f"sqlite:///{tmp_path / 'chaos.sqlite3'}", stack)
        site.prepare(users=USERS)
        with site.serving():
            hold(await drill("SQLite, another process", site, listeners=LISTENERS, leads=LEADS, pace=PACE))
