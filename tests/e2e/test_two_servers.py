"""PostgreSQL, Redis and two server processes: changes through one reach subscribers of the other."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.config.processes import DEVELOPMENT, environment
from tests.e2e.servers import Api, Lines, first_message, free_port, make_company, messages_until, reading
from tests.forks import Warm, warm
from tests.migrated import SERVER, drop

REDIS_URL = os.environ.get("TEST_REDIS_URL", "")
SUBSCRIPTION = "subscription { leadUpdate { id title stage { name } } }"

pytestmark = [pytest.mark.postgres, pytest.mark.node]


@pytest.fixture(scope="module")
def database(copy_template: Callable[[str], None]) -> Iterator[str]:
    """A PostgreSQL database of this module's own, without a row."""
    name = f"crm_servers_{os.getpid()}"
    copy_template(name)
    yield SERVER._replace(path=f"/{name}").geturl()
    drop(name)


@pytest.fixture(scope="module")
def forking(database: str) -> Iterator[Warm]:
    """The product set up for this database; all its processes are forks."""
    env = environment(
        DEVELOPMENT, DATABASE_URL=database, REDIS_URL=REDIS_URL, REDIS_PREFIX=f"servers-{os.getpid()}"
    )
    with warm(env) as process:
        yield process


@pytest.fixture(scope="module")
def token(forking: Warm) -> str:
    return make_company(forking)[1]


@pytest.fixture(scope="module")
def servers(forking: Warm, token: str) -> Iterator[tuple[Api, Api]]:
    with ExitStack() as stack:
        apis = []
        for _ in range(2):
            api = Api(free_port(), token)
            serving = forking.start("manage.py", "serve", "--port", str(api.port))
            lines = stack.enter_context(reading(serving))
            api.wait_until_up(lines)
            apis.append(api)
        yield apis[0], apis[1]


def settled(lines: Lines, writer: Api) -> None:
    """Wait until a subscriber receives the writer's changes, and has received all of them so far."""
    lead = writer.data('mutation { createLead(input: { title: "warm-up" }) { id } }')["createLead"]["id"]
    numbers = iter(range(1_000_000))

    def change(title: str) -> Any:
        return writer.data(f'mutation {{ updateLead(id: {lead}, input: {{ title: "{title}" }}) {{ id }} }}')

    first_message(lines, lambda: change(f"warm-up {next(numbers)}"))
    change("settled")
    messages_until(lines, lambda message: message["data"]["leadUpdate"]["title"] == "settled")


def test_a_change_through_one_server_reaches_subscribers_of_the_other(servers: tuple[Api, Api]) -> None:
    writer, reader = servers
    with reader.subscriber(SUBSCRIPTION, env=environment()) as lines:
        settled(lines, writer)

        lead = writer.data('mutation { createLead(input: { title: "Across" }) { id } }')["createLead"]["id"]
        # Received first, since an event has the lead as it is at the time of delivery.
        [created] = messages_until(lines, lambda message: message["extensions"]["kind"] == "created")
        writer.data(f"mutation {{ updateLead(id: {lead}, input: {{ pipeline_stage_id: 3 }}) {{ id }} }}")
        [moved] = messages_until(lines, lambda message: message["extensions"]["kind"] == "updated")

    assert created["data"]["leadUpdate"] == {"id": lead, "title": "Across", "stage": {"name": "New"}}
    assert moved["data"]["leadUpdate"] == {"id": lead, "title": "Across", "stage": {"name": "Proposal"}}


def test_an_import_in_another_process_reaches_both_servers(
    servers: tuple[Api, Api], forking: Warm, tmp_path: Path
) -> None:
    rows = [f"Imported {number}" for number in range(20)]
    file = tmp_path / "leads.csv"
    file.write_text("\n".join(["title", *rows]) + "\n")
    company = servers[0].data("{ currentCompany { id } }")["currentCompany"]["id"]

    with ExitStack() as stack:
        listening = [
            stack.enter_context(server.subscriber(SUBSCRIPTION, env=environment())) for server in servers
        ]
        for lines, writer in zip(listening, reversed(servers), strict=True):
            settled(lines, writer)
        servers[0].data('mutation { createLead(input: { title: "both settled" }) { id } }')
        for lines in listening:
            messages_until(lines, lambda message: message["data"]["leadUpdate"]["title"] == "both settled")

        forking.run("manage.py", "import_leads", str(file), "--company", company, "--as", "ann")
        received = [
            messages_until(lines, lambda message: message["data"]["leadUpdate"]["title"] == rows[-1])
            for lines in listening
        ]

    for messages in received:
        assert sorted(message["data"]["leadUpdate"]["title"] for message in messages) == sorted(rows)
        assert {message["extensions"]["kind"] for message in messages} == {"created"}
