"""A newcomer's first hour: one command, then every document of the specification with real clients."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport

from tests.config.processes import DEVELOPMENT, environment
from tests.e2e.servers import TOKEN, Api, first_message, free_port, messages_until, running
from tests.patience import PATIENCE_SECONDS

SPECIFICATION = {
    path.stem[:2]: path.read_text() for path in (Path(__file__).parent.parent / "specification").iterdir()
}
SUBSCRIPTION = SPECIFICATION["13"]


def newcomer_environment(directory: Path, port: int) -> dict[str, str]:
    return environment(DEVELOPMENT, DATABASE_URL=f"sqlite:///{directory}/db.sqlite3", PORT=str(port))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("newcomer")


@pytest.fixture(scope="module")
def api(directory: Path) -> Iterator[Api]:
    """The product as ``make run`` starts it, on SQLite and without Redis."""
    port = free_port()
    command = (sys.executable, "manage.py", "quickstart")
    with running(*command, env=newcomer_environment(directory, port)) as lines:
        api = Api(port, lines.find(TOKEN))
        api.wait_until_up(lines)
        yield api


def nudge(api: Api) -> Any:
    return api.data('mutation { updateLead(id: 2, input: { description: "nudge" }) { id } }') and api.data(
        "mutation { updateLead(id: 2, input: { description: null }) { id } }"
    )


@pytest.mark.parametrize("number", [number for number in sorted(SPECIFICATION) if number != "13"])
def test_every_document_is_answered(api: Api, number: str) -> None:
    assert api.data(SPECIFICATION[number])


def test_custom_fields_stay_text(api: Api) -> None:
    made = api.data(SPECIFICATION["07"])["createLead"]

    stored = api.data(f"{{ lead(id: {made['id']}) {{ custom_fields {{ name value }} }} }}")

    assert stored["lead"]["custom_fields"] == [{"name": "deal_value", "value": "50000"}]


def test_a_second_start_keeps_the_data(api: Api, directory: Path) -> None:
    made = api.data('mutation { createLead(input: { title: "Kept" }) { id } }')["createLead"]
    port = free_port()
    with running(
        sys.executable, "manage.py", "quickstart", env=newcomer_environment(directory, port)
    ) as lines:
        again = Api(port, lines.find(TOKEN))
        again.wait_until_up(lines)

        assert again.data(f"{{ lead(id: {made['id']}) {{ title }} }}") == {"lead": {"title": "Kept"}}


@pytest.mark.node
def test_the_reference_client_receives_each_change_once(api: Api) -> None:
    with api.subscriber(SUBSCRIPTION, env=environment()) as lines:
        first_message(lines, lambda: nudge(api))
        start = '{ pipeline_stage_id: 1, status_id: 1, title: "Start" }'
        api.data(f"mutation {{ updateLead(id: 1, input: {start}) {{ id }} }}")
        messages_until(lines, lambda message: message["data"]["leadUpdate"]["title"] == "Start")

        api.data(SPECIFICATION["08"])
        api.data(SPECIFICATION["09"])
        made = api.data(SPECIFICATION["07"])["createLead"]["id"]
        # A message shows its lead as it is when it is sent: of one that is gone by then only its end is told.
        received = messages_until(lines, lambda message: message["extensions"]["kind"] == "created")
        api.data(f"mutation {{ deleteLead(id: {made}) }}")
        api.data(f"mutation {{ restoreLead(id: {made}) }}")
        received += messages_until(lines, lambda message: message["extensions"]["kind"] == "restored")

    moved, won, created, deleted, restored = received
    assert moved["data"]["leadUpdate"]["stage"] == {"name": "Proposal"}
    assert won["data"]["leadUpdate"]["status"] == {"name": "Won"}
    assert created["data"]["leadUpdate"]["title"] == "Enterprise deal"
    assert deleted["data"] == {"leadUpdate": None}
    assert (deleted["extensions"]["kind"], deleted["extensions"]["removed"]) == ("deleted", made)
    assert len({message["extensions"]["cursor"] for message in received}) == 5
    assert restored["data"]["leadUpdate"]["id"] == made
    kinds = [message["extensions"]["kind"] for message in received]
    assert kinds == ["updated", "updated", "created", "deleted", "restored"]


async def test_the_python_client_receives_the_new_stage(api: Api) -> None:
    transport = WebsocketsTransport(
        url=f"ws://127.0.0.1:{api.port}/graphql",
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        init_payload={"Authorization": f"Bearer {api.token}"},
    )
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def listen(session: Any) -> None:
        async for message in session.subscribe(gql(SUBSCRIPTION)):
            received.put_nowait(message["leadUpdate"])

    async with Client(transport=transport) as session:
        listening = asyncio.create_task(listen(session))
        while received.empty():
            await asyncio.to_thread(nudge, api)
            await asyncio.sleep(0)
        await asyncio.to_thread(
            api.data,
            'mutation { updateLead(id: 1, input: { pipeline_stage_id: 2, title: "For Python" }) { id } }',
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            event = await received.get()
            while event["title"] != "For Python":
                event = await received.get()
        listening.cancel()

    assert event["stage"] == {"name": "Contacted"}
