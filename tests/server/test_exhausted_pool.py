"""A server all of whose database connections are taken: each door answers that, and recovers."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.config.processes import PRODUCTION, environment
from tests.e2e.servers import Api, free_port, reading
from tests.forks import warm
from tests.migrated import SERVER, drop
from tests.patience import PATIENCE_SECONDS
from tests.server.clients import Client
from tests.server.sites import ANSWER, JSON, QUERY, get, post

pytestmark = pytest.mark.postgres

POOL = 2
CSRF = "t" * 32
MAKE = """
import json
from django.test import Client
from crm.services.tokens import create_token
from leads.models import LeadReceiver
from leads.services.leads import create_lead
from tests.factories.crm import tenant
made = tenant()
user = made.users["admin"]
user.is_staff = True
user.save(update_fields=["is_staff"])
browser = Client()
browser.force_login(user)
print(json.dumps({
    "token": create_token(user, made.company)[1],
    "session": "; ".join(f"{name}={each.value}" for name, each in browser.cookies.items()),
    "lead": create_lead({"title": "Deal"}, actor=made.actors.admin).pk,
    "receiver": str(LeadReceiver.objects.get(company=made.company).uuid),
}))
"""
TAGS = b'{"query": "{ tags(first: 1) { data { name } } }"}'
LEADS = b'{"query": "{ leads(first: 1) { data { title } } }"}'
CREATE = b'{"query": "mutation { createLead(input: { title: \\"New\\" }) { title } }"}'
LISTEN = b'{"query": "subscription { leadUpdate { id } }"}'
HELD = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@dataclass(frozen=True)
class Site:
    port: int
    database: str
    token: str
    session: str
    lead: int
    receiver: str

    def requests(self) -> dict[str, bytes]:
        """Return a request to each door that needs the database."""
        program = f"{JSON}Authorization: Bearer {self.token}\r\n"
        anybody = f"Cookie: __Host-csrftoken={CSRF}\r\nX-CSRFToken: {CSRF}\r\nOrigin: http://127.0.0.1\r\n"
        person = anybody.replace("Cookie: ", f"Cookie: {self.session}; ")
        form = "Content-Type: application/x-www-form-urlencoded\r\n"
        return {
            "query": post(LEADS, program),
            "mutation": post(CREATE, program),
            "query of a session": post(LEADS, JSON + person),
            "page": get("/admin/leads/lead/", person),
            "form": post(b"title=Deal", form + person, path=f"/admin/leads/lead/{self.lead}/change/"),
            "sign-in": post(b"username=a&password=b", form + anybody, path="/admin/login/"),
            "file": get(
                "/files/8c1f5a0e-0000-4000-8000-000000000000", f"Authorization: Bearer {self.token}\r\n"
            ),
            "delivery": post(b'{"title": "New"}', path=f"/receivers/{self.receiver}"),
            "stream": post(LISTEN, f"{program}Accept: text/event-stream\r\n", path="/graphql/stream"),
        }


@pytest.fixture(scope="module")
def site(copy_template: Callable[[str], None]) -> Iterator[Site]:
    name = f"crm_pool_{os.getpid()}"
    copy_template(name)
    address = SERVER._replace(path=f"/{name}").geturl()
    port = free_port()
    env = environment(
        PRODUCTION,
        # What holds the connections holds them until the test lets go.
        DATABASE_URL=f"{address}?options={quote('-c lock_timeout=0 -c statement_timeout=0')}",
        DATABASE_POOL_SIZE=str(POOL),
        DJANGO_SETTINGS_MODULE="tests.server.uncollected",
        REQUEST_DEADLINE="0",
        DJANGO_ALLOWED_HOSTS="127.0.0.1",
        DJANGO_SSL_REDIRECT="false",
        REDIS_URL=os.environ["TEST_REDIS_URL"],
        REDIS_PREFIX=name,
        API_RATE_LIMIT="0",
        WEB_CONCURRENCY="1",
    )
    try:
        with warm(env) as forking:
            made = json.loads(
                forking.run("manage.py", "shell", "--no-imports", "--command", MAKE).splitlines()[-1]
            )
            with reading(forking.start("manage.py", "serve", "--port", str(port))) as lines:
                site = Site(port=port, database=address, **made)
                Api(port, site.token).wait_until_up(lines)
                yield site
    finally:
        drop(name)


@contextmanager
def exhausted(site: Site) -> Iterator[list[Client]]:
    """Have requests that wait for a lock take all connections of the pool."""
    with psycopg.connect(site.database) as holder, psycopg.connect(site.database, autocommit=True) as watcher:
        holder.execute("LOCK TABLE crm_tag IN ACCESS EXCLUSIVE MODE")
        document = post(TAGS, f"{JSON}Authorization: Bearer {site.token}\r\n")
        waiting = [Client(site.port, document) for _ in range(POOL)]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while watcher.execute(HELD).fetchone() != (POOL,):
            assert time.monotonic() < deadline
            time.sleep(0.05)
            # On a busy machine the pool may take too long to connect, and a request is refused.
            waiting = [each if each.is_open else Client(site.port, document) for each in waiting]
        yield waiting


def close_code(site: Site) -> int:
    """Return the code with which a socket is closed that wants to subscribe."""
    protocols = ["graphql-transport-ws"]
    with connect(f"ws://127.0.0.1:{site.port}/graphql", subprotocols=protocols, compression=None) as socket:  # type: ignore[arg-type]  # a NewType of str
        payload = {"Authorization": f"Bearer {site.token}"}
        socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(PATIENCE_SECONDS)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def test_each_door_says_that_the_database_is_unavailable_and_serves_again(site):
    with exhausted(site) as waiting:
        clients = {name: Client(site.port, sent) for name, sent in site.requests().items()}
        ready = Client(site.port, get("/readyz"))
        for name, client in clients.items():
            status, body = client.answer()
            assert (status, b"\r\nretry-after: 5" in client.head) == (503, True), (name, status, body)
            if name in ("query", "mutation", "query of a session", "stream"):
                assert [error["extensions"] for error in json.loads(body)["errors"]] == [
                    {"code": "UNAVAILABLE"}
                ], name
        # "Try again later".
        assert close_code(site) == 1013
        assert ready.answer() == (503, b'{"status": "unavailable", "problems": {"database": "unreachable"}}')
        assert Client(site.port, get("/healthz")).answer()[0] == 200

    # Who had a connection was not disturbed, and all others have one again.
    for client in waiting:
        assert client.answer()[0] == 200
    with psycopg.connect(site.database) as connection:
        assert connection.execute("SELECT title FROM leads_lead").fetchall() == [("Deal",)]
    again = site.requests()
    stream = Client(site.port, again.pop("stream"))
    assert stream.socket.recv(10_000).startswith(b"HTTP/1.1 200 ")
    for name, sent in again.items():
        assert Client(site.port, sent).answer()[0] == (404 if name == "file" else 200), name
    assert Client(site.port, get("/readyz")).answer()[0] == 200
    assert Client(site.port, post(QUERY, f"{JSON}Authorization: Bearer {site.token}\r\n")).answer() == (
        200,
        ANSWER,
    )
