"""The work for a client that has left ends: its statement is cancelled, its change is undone."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from websockets.sync.client import connect

from tests.config.processes import DEVELOPMENT, environment
from tests.e2e.servers import Api, Lines, free_port, make_company, reading
from tests.forks import warm
from tests.migrated import SERVER, drop
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.postgres

#: Both wait for the lock that the test holds, the mutation in the middle of its transaction.
READ = "{ tags(first: 5) { data { name } } }"
WRITE = 'mutation { createLead(input: { title: "Gone", tags: [{ name: "New" }] }) { id } }'
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"


@pytest.fixture(scope="module")
def database(copy_template: Callable[[str], None]) -> Iterator[str]:
    name = f"crm_leaving_{os.getpid()}"
    copy_template(name)
    yield SERVER._replace(path=f"/{name}").geturl()
    drop(name)


@pytest.fixture(scope="module")
def servers(database: str) -> Iterator[dict[str, Api]]:
    """gunicorn and uvicorn; no timeout of PostgreSQL and no deadline ends a statement here."""
    env = environment(
        DEVELOPMENT,
        DATABASE_URL=f"{database}?options=-c%20statement_timeout%3D0",
        REDIS_URL=os.environ["TEST_REDIS_URL"],
        REDIS_PREFIX=f"leaving-{os.getpid()}",
        REQUEST_DEADLINE="0",
    )
    gunicorn = ["-m", "gunicorn", "config.wsgi", "--worker-class", "gthread", "--threads", "4", "--bind"]
    with ExitStack() as stack:
        forking = stack.enter_context(warm(env))
        _company, token = make_company(forking)
        apis = {name: Api(free_port(), token) for name in ("gunicorn", "uvicorn")}
        commands: dict[str, list[str]] = {
            "gunicorn": [*gunicorn, f"127.0.0.1:{apis['gunicorn'].port}"],
            "uvicorn": ["manage.py", "serve", "--port", str(apis["uvicorn"].port)],
        }
        started: dict[str, Lines] = {
            name: stack.enter_context(reading(forking.start(*command))) for name, command in commands.items()
        }
        for name, api in apis.items():
            api.wait_until_up(started[name])
        yield apis


@pytest.fixture
def locked(database: str) -> Iterator[psycopg.Connection[Any]]:
    """Hold a lock that every read of tags waits for."""
    with psycopg.connect(database) as holder:
        holder.execute("LOCK TABLE crm_tag IN ACCESS EXCLUSIVE MODE")
        yield holder


def wait_until_waiting(database: str, number: int) -> None:
    """Wait until so many statements wait for a lock."""
    with psycopg.connect(database, autocommit=True) as watcher:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while watcher.execute(WAITING, [watcher.info.dbname]).fetchone() != (number,):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def post(api: Api, path: str, document: str, *, accept: str = "application/json") -> socket.socket:
    """Send a request, and return the connection on which its answer would come."""
    body = json.dumps({"query": document})
    return _send(
        api,
        f"POST {path} HTTP/1.1\r\nAccept: {accept}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}",
        body,
    )


def get(api: Api, document: str) -> socket.socket:
    return _send(api, f"GET /graphql?query={quote(document)} HTTP/1.1\r\nAccept: application/json", "")


def _send(api: Api, head: str, body: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE_SECONDS)
    authorization = f"Authorization: Bearer {api.token}"
    connection.sendall(f"{head}\r\nHost: localhost\r\n{authorization}\r\n\r\n{body}".encode())
    return connection


@contextmanager
def operation(api: Api, document: str) -> Iterator[Any]:
    """Run an operation over a WebSocket."""
    address = f"ws://127.0.0.1:{api.port}/graphql"
    with connect(address, subprotocols=["graphql-transport-ws"]) as peer:  # type: ignore[list-item]
        peer.send(
            json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {api.token}"}})
        )
        assert json.loads(peer.recv(PATIENCE_SECONDS))["type"] == "connection_ack"
        peer.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": document}}))
        yield peer


def test_work_ends_when_the_client_leaves(
    servers: dict[str, Api], database: str, locked: psycopg.Connection[Any]
) -> None:
    gunicorn, uvicorn = servers["gunicorn"], servers["uvicorn"]
    for connection in (
        lambda: post(gunicorn, "/graphql", READ),
        # A GET takes Django's path.
        lambda: get(gunicorn, READ),
        lambda: post(uvicorn, "/graphql", READ),
        lambda: post(uvicorn, "/graphql/stream", READ, accept="text/event-stream"),
        lambda: post(gunicorn, "/graphql", WRITE),
        lambda: post(uvicorn, "/graphql", WRITE),
    ):
        with connection():
            wait_until_waiting(database, 1)
        wait_until_waiting(database, 0)
    for leave in (lambda peer: peer.send('{"type": "complete", "id": "1"}'), lambda peer: peer.close()):
        with operation(uvicorn, WRITE) as peer:
            wait_until_waiting(database, 1)
            leave(peer)
            wait_until_waiting(database, 0)

    locked.rollback()
    # The lead that the mutation had written is undone.
    assert [api.data("{ leads(first: 0) { paginatorInfo { total } } }") for api in servers.values()] == [
        {"leads": {"paginatorInfo": {"total": 0}}}
    ] * 2
