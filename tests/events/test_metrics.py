"""The metrics of the event stream, for operators."""

import asyncio
import logging

import pytest
from django.test import Client as Browser

from crm.events import dispatcher, metrics
from crm.events.cursor import Cursor
from tests.events.layers import emit_events_async, make_event
from tests.graphql.websocket.client import Client
from tests.graphql.websocket.conftest import _stream, agent, limit, make_member  # noqa: F401 - fixtures
from tests.patience import PATIENCE_SECONDS

THINGS = "subscription { thingUpdate { id } }"


async def test_open_connections_are_counted(agent):  # noqa: F811 - a fixture
    before = metrics.values()
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", THINGS)
        await client.listen("b", THINGS)

        now = metrics.values()
    after = metrics.values()

    names = ("sockets", "operations", "plans", "members")
    assert [now[name] - before[name] for name in names] == [1, 2, 1, 2]
    assert [after[name] - before[name] for name in names] == [0, 0, 0, 0]
    assert now["tail_age_seconds"] < 10


async def test_numbers_are_logged_from_time_to_time(agent, monkeypatch, caplog):  # noqa: F811 - a fixture
    caplog.set_level(logging.INFO, "crm.metrics")
    logged = asyncio.Event()
    monkeypatch.setattr(metrics, "LOG_SECONDS", 0.05)

    class Waiting(logging.Handler):
        def emit(self, record):
            asyncio.get_running_loop().call_soon(logged.set)

    handler = Waiting()
    logging.getLogger("crm.metrics").addHandler(handler)
    try:
        async with Client() as client:
            await client.open(agent.payload)
            await emit_events_async(make_event(company_id=agent.company.pk))
            await asyncio.wait_for(logged.wait(), PATIENCE_SECONDS)
    finally:
        logging.getLogger("crm.metrics").removeHandler(handler)

    numbers = caplog.records[0].metrics
    assert set(numbers) >= {"unnumbered", "behind", "replayed_rows", "catch_ups", "evictions", "hints_lost"}


class Standing:
    """A dispatcher whose tail stands still."""

    def __init__(self, seconds):
        self.tail_age = seconds
        self.position = Cursor("0" * 12, 0)


@pytest.mark.parametrize(("seconds", "status"), [(5, 200), (11, 503)])
def test_a_tail_that_stands_still_fails_readiness(db, monkeypatch, seconds, status):
    monkeypatch.setattr(dispatcher, "_dispatchers", {None: Standing(seconds)})

    answer = Browser().get("/readyz")

    assert (answer.status_code, int(answer.json()["tail_age_seconds"])) == (status, seconds)
    assert answer.json().get("problems") == ({"events": "standing still"} if status == 503 else None)
