"""Subscriptions: who receives what for an event."""

import pytest

from crm.actors import Role
from crm.events import dispatcher
from crm.events.cursor import parse_cursor
from tests.events.layers import emit_events_async, make_event
from tests.events.small_schema import HIDDEN, UUID_OF_NINE
from tests.graphql.websocket.client import Client

THINGS = "subscription { thingUpdate { id reader } }"


async def publish(agent, object_id=9, **fields):
    await emit_events_async(make_event(object_id, company_id=agent.company.pk, **fields))


async def next_message(client):
    """Return the next message without its cursor, after checking that."""
    message = await client.receive()
    assert parse_cursor(message["payload"]["extensions"].pop("cursor")).seq > 0
    return message


@pytest.mark.parametrize("kind", ["created", "updated", "restored"])
async def test_event_is_sent_as_the_subscriber_sees_it(agent, kind):
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", THINGS)
        await publish(agent, kind=kind)

        assert await next_message(client) == {
            "type": "next",
            "id": "a",
            "payload": {
                "data": {"thingUpdate": {"id": "9", "reader": str(agent.user.pk)}},
                "extensions": {"kind": kind},
            },
        }


async def test_mutation_reaches_an_earlier_subscription_of_the_same_socket(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", THINGS)
        await client.subscribe("b", "mutation { touch(id: 5) }")

        received = [await client.receive() for _ in range(3)]
        assert [message["type"] for message in received if message["id"] == "b"] == ["next", "complete"]
        [received_thing] = [message for message in received if message["id"] == "a"]
        assert received_thing["payload"]["data"]["thingUpdate"]["id"] == "5"


async def test_alias_fragment_and_variables_are_those_of_the_subscriber(agent):
    document = """
        subscription Live($id: ID, $no: Boolean!) { ...Root }
        fragment Root on Subscription { mine: thingUpdate(id: $id) { id reader @skip(if: $no) } }
    """
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", document, variables={"id": "9", "no": True})
        await publish(agent)
        await publish(agent, kind="deleted")

        assert (await client.receive())["payload"]["data"] == {"mine": {"id": "9"}}
        assert (await client.receive())["payload"]["data"] == {"mine": None}


async def test_deletion_is_sent_without_content(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", THINGS)
        await publish(agent, kind="deleted")

        assert (await next_message(client))["payload"] == {
            "data": {"thingUpdate": None},
            "extensions": {"kind": "deleted", "removed": "9"},
        }


async def test_bulk_work_is_sent_without_content(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", 'subscription { thingUpdate(id: "9") { id } }')
        await publish(agent, 0, kind="bulk")

        assert (await next_message(client))["payload"] == {
            "data": {"thingUpdate": None},
            "extensions": {"kind": "bulk"},
        }


async def test_another_company_receives_nothing(agent, make_member):
    stranger = await make_member()
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", THINGS)
        for kind in ("created", "updated", "deleted", "restored", "bulk"):
            await publish(stranger, 1, kind=kind)
        await publish(agent, 2)

        assert (await client.receive())["payload"]["data"]["thingUpdate"]["id"] == "2"


@pytest.fixture
def restricted_agent(agent):
    agent.company.lead_visibility = "OWN"
    agent.company.save()
    return agent


async def test_record_that_entered_the_view_is_sent(restricted_agent):
    mine = frozenset({restricted_agent.user.pk})
    async with Client() as client:
        await client.open(restricted_agent.payload)
        await client.listen("a", THINGS)
        await publish(restricted_agent, 1, before=frozenset(), after=frozenset())
        await publish(restricted_agent, 2, before=frozenset(), after=mine)

        assert (await client.receive())["payload"]["data"]["thingUpdate"]["id"] == "2"


async def test_record_that_left_the_view_is_sent_as_removed(restricted_agent):
    mine = frozenset({restricted_agent.user.pk})
    async with Client() as client:
        await client.open(restricted_agent.payload)
        await client.listen("a", THINGS)
        await publish(restricted_agent, before=mine, after=frozenset({0}))

        assert (await next_message(client))["payload"] == {
            "data": {"thingUpdate": None},
            "extensions": {"kind": "updated", "removed": "9"},
        }


async def test_manager_receives_records_of_others(restricted_agent, make_member):
    manager = await make_member(Role.MANAGER, company=restricted_agent.company)
    async with Client() as client:
        await client.open(manager.payload)
        await client.listen("a", THINGS)
        await publish(manager, before=frozenset({0}), after=frozenset({0}))

        assert (await client.receive())["payload"]["data"]["thingUpdate"]["reader"] == str(manager.user.pk)


async def test_each_of_two_subscribers_receives_under_own_rights(agent, make_member):
    colleague = await make_member(Role.VIEWER, company=agent.company)
    async with Client() as first, Client() as second:
        await first.open(agent.payload)
        await second.open(colleague.payload)
        await first.listen("a", THINGS)
        await second.listen("a", THINGS)
        await publish(agent)

        for client, reader in ((first, agent), (second, colleague)):
            received_thing = (await client.receive())["payload"]["data"]["thingUpdate"]
            assert received_thing == {"id": "9", "reader": str(reader.user.pk)}


async def test_record_that_the_resolver_does_not_find_is_not_sent(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", THINGS)
        await publish(agent, HIDDEN)
        await publish(agent, 1)

        assert (await client.receive())["payload"]["data"]["thingUpdate"]["id"] == "1"


@pytest.mark.parametrize("id_", ["9", UUID_OF_NINE])
@pytest.mark.parametrize("kind", ["updated", "deleted"])
async def test_subscription_to_one_record_receives_no_other(agent, id_, kind):
    query = "subscription ($id: ID) { thingUpdate(id: $id) { id } }"
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", query, variables={"id": id_})
        await publish(agent, 8, kind=kind)
        await publish(agent, 9, kind=kind)

        payload = (await client.receive())["payload"]
        assert "9" in (payload["extensions"].get("removed"), (payload["data"]["thingUpdate"] or {}).get("id"))


async def test_subscription_to_an_unknown_record_is_refused_for_its_id(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", "subscription { thingUpdate(id: 8) { id } }")

        assert await client.receive() == {
            "type": "error",
            "id": "a",
            "payload": [
                {"message": "Not found.", "extensions": {"code": "NOT_FOUND", "argument": "id"}},
            ],
        }


async def test_subscription_requires_its_permission(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", "subscription { forAdmins { id } }")

        message = await client.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"] == {"code": "FORBIDDEN"}


async def test_subscription_that_selects_nothing_is_refused(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", "subscription { thingUpdate @skip(if: true) { id } }")

        message = await client.receive()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_completed_subscription_receives_nothing_more(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", THINGS)
        await client.listen("b", THINGS)
        await client.send({"type": "complete", "id": "a"})
        await client.send({"type": "ping"})
        assert await client.receive() == {"type": "pong"}
        await publish(agent)

        assert (await client.receive())["id"] == "b"


async def test_waiting_event_is_not_sent_to_the_next_subscription_of_the_id(agent, gate):
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", "subscription { thingUpdate { id wait } }")
        await publish(agent, 1)
        assert await gate.somebody_waits()
        await client.send({"type": "complete", "id": "a"})
        await client.listen("a", THINGS)
        gate.opened.set()
        await publish(agent, 2)

        assert (await client.receive())["payload"]["data"]["thingUpdate"]["id"] == "2"


async def test_error_in_one_field_is_masked_and_sent_with_the_rest(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", "subscription { thingUpdate { id broken } }")
        await publish(agent)

        payload = (await next_message(client))["payload"]
        assert payload["data"] == {"thingUpdate": {"id": "9", "broken": None}}
        assert payload["errors"][0]["message"] == "Internal server error."
        assert payload["extensions"] == {"kind": "updated"}


async def test_an_exception_affects_only_one_event(agent, monkeypatch, caplog):
    def fail(*arguments, **keywords):
        raise RuntimeError("an unexpected fault")

    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", THINGS)
        with monkeypatch.context() as patch:
            patch.setattr("crm.graphql.execution.subscriptions.respond", fail)
            await publish(agent, 1)
            [error] = (await client.receive())["payload"]["errors"]
        await publish(agent, 2)

        assert error["message"] == "Internal server error."
        assert error["extensions"]["ref"] in caplog.text
        assert (await client.receive())["payload"]["data"]["thingUpdate"]["id"] == "2"


async def test_end_of_the_last_socket_ends_the_dispatcher(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", THINGS)
        assert dispatcher.is_open()

    assert not dispatcher.is_open()
