"""Queries and mutations over the socket, and the ids of operations."""

import asyncio

import pytest

from crm.actors import Role
from tests.graphql.websocket.client import Client


async def test_query_is_answered_and_completed(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", "{ ping reader }")

        assert await client.receive() == {
            "type": "next",
            "id": "a",
            "payload": {"data": {"ping": "pong", "reader": str(agent.user.pk)}},
        }
        assert await client.receive() == {"type": "complete", "id": "a"}


async def test_one_of_several_operations_is_run_with_its_variables(agent):
    document = "query A { ping } mutation B($id: ID!) { touch(id: $id) }"
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", document, operationName="B", variables={"id": "7"}, extensions={})

        assert (await client.receive())["payload"] == {"data": {"touch": "7"}}
        assert await client.receive() == {"type": "complete", "id": "a"}


async def test_a_mutation_asks_for_its_permission(make_member):
    async with Client() as client:
        await client.open((await make_member(Role.VIEWER)).payload)
        await client.subscribe("a", "mutation { touch(id: 7) }")

        payload = (await client.receive())["payload"]
        assert payload["data"] == {"touch": None}
        assert payload["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
        assert await client.receive() == {"type": "complete", "id": "a"}


@pytest.mark.parametrize(
    ("query", "parameters", "code"),
    [
        ("{ ping", {}, "BAD_USER_INPUT"),
        ("", {}, "BAD_USER_INPUT"),
        ("{ unknown }", {}, "BAD_USER_INPUT"),
        ("subscription { unknown { id } }", {}, "BAD_USER_INPUT"),
        ("subscription { thingUpdate { id } b: thingUpdate { id } }", {}, "BAD_USER_INPUT"),
        ("subscription { __typename }", {}, "BAD_USER_INPUT"),
        ("query A { ping } query B { ping }", {}, "BAD_USER_INPUT"),
        ("query A { ping }", {"operationName": "B"}, "BAD_USER_INPUT"),
        ("mutation ($id: ID!) { touch(id: $id) }", {}, "BAD_USER_INPUT"),
        ("mutation ($id: ID!) { touch(id: $id) }", {"variables": {"id": {}}}, "BAD_USER_INPUT"),
        ("{ " + "ping " * 31 + "}", {}, "QUERY_TOO_COMPLEX"),
        ("{ ping } " + "#\n" * 201, {}, "QUERY_TOO_COMPLEX"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_refused_document_is_an_error_of_its_id_and_the_socket_stays(agent, query, parameters, code):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", query, **parameters)

        message = await client.receive()
        assert (message["type"], message["id"]) == ("error", "a")
        assert {error["extensions"]["code"] for error in message["payload"]} == {code}

        await client.subscribe("a", "{ ping }")
        assert (await client.receive())["payload"] == {"data": {"ping": "pong"}}


async def test_id_in_use_by_a_query_is_closed_with_4409(agent, gate):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", "{ wait }")
        await client.subscribe("a", "{ ping }")

        assert await client.close_code() == 4409


async def test_id_in_use_by_a_subscription_is_closed_with_4409(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", "subscription { thingUpdate { id } }")
        await client.subscribe("a", "{ ping }")

        assert await client.close_code() == 4409


async def test_id_is_free_after_the_answer_was_completed(agent):
    async with Client() as client:
        await client.open(agent.payload)
        for _ in range(2):
            await client.subscribe("a", "{ ping }")
            assert (await client.receive())["type"] == "next"
            assert (await client.receive())["type"] == "complete"


async def test_id_is_free_after_the_client_completed_it(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", "subscription { thingUpdate { id } }")
        await client.send({"type": "complete", "id": "a"})
        await client.subscribe("a", "{ ping }")

        assert (await client.receive())["payload"] == {"data": {"ping": "pong"}}


async def test_completed_query_is_not_answered(agent, gate):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", "{ wait }")
        assert await gate.somebody_waits()
        await client.send({"type": "complete", "id": "a"})
        await client.send({"type": "ping"})
        assert await client.receive() == {"type": "pong"}
        gate.opened.set()
        await client.subscribe("b", "{ ping }")

        assert (await client.receive())["id"] == "b"
        assert (await client.receive())["id"] == "b"


async def test_a_slow_query_holds_up_nothing_else(agent, gate):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("slow", "{ wait }")
        assert await gate.somebody_waits()
        await client.subscribe("quick", "{ ping }")

        assert (await client.receive())["id"] == "quick"
        assert (await client.receive())["id"] == "quick"
        gate.opened.set()
        assert (await client.receive())["payload"] == {"data": {"wait": "waited"}}


async def test_one_operation_too_many_is_refused_for_its_id(agent):
    async with Client() as client:
        await client.open(agent.payload)
        for number in range(100):
            await client.subscribe(str(number), "subscription { thingUpdate { id } }")
        await client.subscribe("100", "subscription { thingUpdate { id } }")

        assert await client.receive() == {
            "type": "error",
            "id": "100",
            "payload": [
                {
                    "message": "A socket runs at most 100 operations at a time.",
                    "extensions": {"code": "QUERY_TOO_COMPLEX", "limit": "socket_operations", "max": 100},
                }
            ],
        }

        await client.send({"type": "complete", "id": "0"})
        await client.subscribe("100", "{ ping }")
        assert (await client.receive())["payload"] == {"data": {"ping": "pong"}}


async def test_an_exception_in_an_operation_ends_only_this_operation(agent, caplog):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", "{ unsendable }")

        message = await client.receive()
        assert (message["type"], message["id"]) == ("error", "a")
        [error] = message["payload"]
        assert error["message"] == "Internal server error."
        assert error["extensions"]["code"] == "INTERNAL"
        assert error["extensions"]["ref"] in caplog.text

        await client.subscribe("a", "{ ping }")
        assert (await client.receive())["payload"] == {"data": {"ping": "pong"}}


async def test_an_exception_in_admission_ends_only_this_operation(agent, monkeypatch, caplog):
    def fail(*arguments, **keywords):
        raise RuntimeError("an unexpected fault")

    async with Client() as client:
        await client.open(agent.payload)
        with monkeypatch.context() as patch:
            patch.setattr("crm.graphql.execution.admission.prepare", fail)
            await client.subscribe("a", "{ ping }")
            [error] = (await client.receive())["payload"]
        assert error["extensions"]["ref"] in caplog.text
        assert "an unexpected fault" not in str(error)

        await client.subscribe("a", "{ ping }")
        assert (await client.receive())["payload"] == {"data": {"ping": "pong"}}


async def test_end_of_the_socket_ends_its_operations(agent, gate):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", "{ wait }")
        assert await gate.somebody_waits()

    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
