"""connection_init: credentials, and how long they hold."""

import asyncio
import threading
from datetime import timedelta

import pytest
import time_machine
from channels.db import database_sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.utils import timezone

from crm.actors import Role
from crm.authentication import authenticate_token
from crm.graphql.websocket import connections, consumer
from crm.graphql.websocket.bounds import socket_limits
from crm.graphql.websocket.rights import wait_until_withdrawn
from tests.graphql.websocket.client import Client
from tests.patience import PATIENCE_SECONDS


@pytest.mark.parametrize("key", ["Authorization", "authorization", "AUTHORIZATION"])
async def test_token_is_acknowledged(agent, key):
    async with Client() as client:
        await client.open({key: f"Bearer {agent.raw}"})


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {"Authorization": None},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer unknown"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": ["Bearer unknown"]},
        {"token": "unknown"},
    ],
)
async def test_no_good_credential_is_closed_with_4401(transactional_db, payload):
    async with Client() as client:
        await client.connect()
        await client.send({"type": "connection_init", "payload": payload})

        assert await client.close_code() == 4401


def revoke(agent):
    agent.token.revoked_at = timezone.now()
    agent.token.save()


def deactivate_user(agent):
    agent.user.is_active = False
    agent.user.save()


def end_membership(agent):
    agent.membership.is_active = False
    agent.membership.save()


def lower_role(agent):
    agent.membership.role = Role.VIEWER.value
    agent.membership.save()


def hide_leads(agent):
    agent.company.lead_visibility = "OWN"
    agent.company.save()


@pytest.mark.parametrize("withdraw", [revoke, deactivate_user, end_membership])
async def test_withdrawn_credential_is_closed_with_4401(agent, withdraw):
    await database_sync_to_async(withdraw)(agent)
    async with Client() as client:
        await client.connect()
        await client.send({"type": "connection_init", "payload": agent.payload})

        assert await client.close_code() == 4401


async def test_expired_token_is_closed_with_4403(make_member):
    expired = await make_member(expires_at=timezone.now() - timedelta(seconds=1))
    async with Client() as client:
        await client.connect()
        await client.send({"type": "connection_init", "payload": expired.payload})

        assert await client.close_code() == 4403


async def test_a_token_that_expires_later_closes_the_socket_with_4403(make_member, limit):
    limit(rights_seconds=0.05)
    expiring = await make_member(expires_at=timezone.now() + timedelta(hours=1))
    async with Client() as client:
        await client.open(expiring.payload)

        with time_machine.travel(expiring.token.expires_at):
            assert await client.close_code() == 4403


async def test_the_moment_at_which_a_token_expires_is_not_slept_through(make_member, monkeypatch):
    expiring = await make_member(expires_at=timezone.now() + timedelta(seconds=70))
    read = await database_sync_to_async(authenticate_token)(expiring.raw)
    slept = []
    with time_machine.travel(expiring.token.expires_at - timedelta(seconds=70), tick=False) as clock:

        async def sleep(seconds):
            slept.append(seconds)
            clock.shift(seconds)

        monkeypatch.setattr(asyncio, "sleep", sleep)
        await wait_until_withdrawn(read, lambda: True, seconds=30)

    assert slept == [30, 30, 10]


@pytest.mark.parametrize("withdraw", [revoke, deactivate_user, end_membership, lower_role, hide_leads])
async def test_rights_withdrawn_later_close_the_socket_with_4403(agent, withdraw, limit):
    limit(rights_seconds=0.05)
    async with Client() as client:
        await client.open(agent.payload)

        await database_sync_to_async(withdraw)(agent)

        assert await client.close_code() == 4403


async def test_while_the_database_is_away_rights_stay_valid(agent, limit, monkeypatch, caplog):
    looks = []

    def look(*arguments):
        looks.append(arguments)
        if len(looks) < 3:
            raise OperationalError("away")
        return False

    monkeypatch.setattr("crm.graphql.websocket.session.is_still_good", look)
    limit(rights_seconds=0.05)
    async with Client() as client:
        await client.open(agent.payload)

        assert await client.close_code() == 4403

    assert len(looks) == 3
    assert len(caplog.records) == 2


async def test_a_token_expires_while_the_database_is_away_too(make_member, limit, monkeypatch):
    looked = threading.Event()

    def fail(*arguments):
        looked.set()
        raise OperationalError("away")

    monkeypatch.setattr("crm.graphql.websocket.session.is_still_good", fail)
    limit(rights_seconds=0.05)
    expiring = await make_member(expires_at=timezone.now() + timedelta(hours=1))
    async with Client() as client:
        await client.open(expiring.payload)
        assert await asyncio.to_thread(looked.wait, PATIENCE_SECONDS)

        with time_machine.travel(expiring.token.expires_at):
            assert await client.close_code() == 4403


@pytest.mark.parametrize("seconds", [0, 61])
def test_rights_cannot_be_looked_at_more_rarely_than_each_minute(limit, seconds):
    limit(rights_seconds=seconds)

    with pytest.raises(ImproperlyConfigured):
        socket_limits()


async def test_no_init_is_closed_with_4408(limit):
    limit(init_seconds=0.05)
    async with Client() as client:
        await client.connect()

        assert await client.close_code() == 4408


async def test_init_in_time_ends_the_wait_for_it(agent, limit, monkeypatch):
    limit(init_seconds=10 * PATIENCE_SECONDS)
    loop = asyncio.get_running_loop()
    call_later = loop.call_later
    timers = []

    def keep(delay, *arguments, **options):
        timers.append((delay, call_later(delay, *arguments, **options)))
        return timers[-1][1]

    monkeypatch.setattr(loop, "call_later", keep)
    async with Client() as client:
        await client.open(agent.payload)
        [timer] = [timer for delay, timer in timers if delay == 10 * PATIENCE_SECONDS]

        assert timer.cancelled()


async def test_second_init_is_closed_with_4429(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.send({"type": "connection_init", "payload": agent.payload})

        assert await client.close_code() == 4429


async def test_a_user_has_so_many_sockets_at_a_time(agent, limit, make_member):
    limit(sockets_per_user=2)
    other = await make_member()
    async with Client() as first, Client() as second, Client() as third, Client() as stranger:
        await first.open(agent.payload)
        await second.open(agent.payload)
        await third.connect()
        await third.send({"type": "connection_init", "payload": agent.payload})
        assert await third.close_code() == 1013
        await stranger.open(other.payload)

    async with Client() as again:
        await again.open(agent.payload)


async def test_ended_sockets_leave_no_count(agent):
    async with Client() as client:
        await client.open(agent.payload)
        assert connections.per_user == {agent.user.pk: 1}

    assert connections.per_user == {}


async def test_while_the_database_is_away_new_sockets_are_closed_with_1013(agent, monkeypatch):
    def fail(*arguments):
        raise OperationalError("away")

    monkeypatch.setattr(consumer, "authenticate", fail)
    async with Client() as client:
        await client.connect()
        await client.send({"type": "connection_init", "payload": agent.payload})

        assert await client.close_code() == 1013
