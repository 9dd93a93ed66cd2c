"""Behind PgBouncer in transaction mode: no statement, page, import or stream depends on a session."""

import http.client
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.config.processes import DEVELOPMENT, environment
from tests.e2e.poolers import CONNECTIONS, knows_prepared_statements, pooler
from tests.e2e.servers import Api, free_port, make_company, reading
from tests.forks import Warm, warm
from tests.migrated import SERVER, drop, execute
from tests.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.postgres, pytest.mark.pooler]

SESSIONS = 8
ROLE = f"crm_pooled_{os.getpid()}"
PASSWORD = "pooled"
Env = dict[str, str]

#: Runs in a process of the product: signs in, and lists the add and change pages of all models.
PREPARE = """
import json
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse
from crm.models import User
user = User.objects.get(username="ann")
sessions = []
for _ in range({sessions}):
    client = Client()
    client.force_login(user)
    sessions.append(client.cookies["sessionid"].value)
pages = []
for model in admin.site._registry:
    prefix = f"admin:{{model._meta.app_label}}_{{model._meta.model_name}}_"
    pages.append(reverse(prefix + "add"))
    row = model._base_manager.order_by("pk").first()
    if row is not None:
        pages.append(reverse(prefix + "change", args=[row.pk]))
print(json.dumps([sessions, pages]))
"""

#: Runs in a process of the product: more different statements than a connection keeps prepared, each as often
#: as makes it prepared, from several threads, in and outside of transactions.
STATEMENTS = """
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from django.db import connection, transaction
from crm.database.execution import execute
def run(thread):
    wrong = 0
    for number in range(600):
        for turn in range(3):
            with transaction.atomic() if turn else nullcontext():
                result, _ = execute(b"SELECT $1 + %d" % number, [thread])
                wrong += result.get_value(0, 0) != b"%d" % (number + thread)
    connection.close()
    return wrong
with ThreadPoolExecutor({threads}) as threads:
    print(sum(threads.map(run, range({threads}))))
"""


@pytest.fixture(scope="module")
def database(copy_template: Callable[[str], None]) -> Iterator[str]:
    name = f"crm_pooler_{os.getpid()}"
    copy_template(name)
    execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}' IN ROLE \"{SERVER.username}\"")
    yield name
    drop(name)
    execute(f"DROP ROLE {ROLE}")


def pooled(url: str) -> Env:
    return environment(
        DEVELOPMENT,
        DATABASE_URL=url,
        DATABASE_POOLER="transaction",
        # Only where PgBouncer has them, as the guide says.
        DATABASE_PREPARED_STATEMENTS="true" if knows_prepared_statements() else None,
        REDIS_URL=os.environ["TEST_REDIS_URL"],
        REDIS_PREFIX=f"pooler-{os.getpid()}",
    )


@pytest.fixture(scope="module")
def forking(database: str) -> Iterator[Warm]:
    """The product behind a pooler whose role carries what ``role_settings`` prints."""
    server = SERVER._replace(path=f"/{database}")
    with pooler(server, role=ROLE, password=PASSWORD) as url, warm(pooled(url)) as forking:
        checking = forking.start("manage.py", "check", "--database", "default")
        with checking.stdout as output:
            assert "crm.W010" in output.read()
        assert checking.wait() == 0
        printed = forking.run("manage.py", "role_settings")
    assert printed.count("ALTER ROLE") == 8
    with psycopg.connect(server.geturl(), autocommit=True) as connection:
        connection.execute(printed.encode())
    with pooler(server, role=ROLE, password=PASSWORD) as url, warm(pooled(url)) as process:
        yield process


@pytest.fixture(scope="module")
def token(forking: Warm) -> str:
    checked = forking.run("manage.py", "check", "--database", "default", "--fail-level", "WARNING")
    assert "no issues" in checked
    return make_company(forking)[1]


@pytest.fixture(scope="module")
def api(forking: Warm, token: str) -> Iterator[Api]:
    """The product under gunicorn, with as many threads as there are sessions."""
    api = Api(free_port(), token)
    bind = ("--bind", f"127.0.0.1:{api.port}", "--threads", str(SESSIONS), "--worker-class", "gthread")
    with reading(forking.start("-m", "gunicorn", "config.wsgi", *bind)) as lines:
        api.wait_until_up(lines)
        yield api


def test_sessions_at_once_get_every_page_and_answer(api: Api, forking: Warm) -> None:
    make = (
        'mutation { createLead(input: { title: "Deal", tags: [{ name: "Hot" }],'
        ' organization: { name: "Acme" }, people: { firstname: "Jane" } }) { id } }'
    )
    leads = [api.data(make)["createLead"]["id"] for _ in range(2)]
    preparing = PREPARE.format(sessions=SESSIONS)
    prepared = forking.run("manage.py", "shell", "--no-imports", "-c", preparing)
    sessions, pages = json.loads(prepared)
    assert len(pages) > 30

    def visit(place: int) -> list[tuple[int, str]]:
        # Each page is shown twice, and half of the sessions go the other way round.
        turn: Sequence[str] = pages[place % 4 :: 4]
        found = [
            (get(api.port, page, sessions[place]), page)
            for page in (turn if place < SESSIONS // 2 else reversed(turn))
        ]
        for number in range(5):
            api.data(
                f'mutation {{ updateLead(id: {leads[place % 2]}, input: {{ title: "{number}" }}) {{ id }} }}'
            )
            api.data(
                "{ leads(first: 20) { data { id people { name } tags { name } } paginatorInfo { total } } }"
            )
        return found

    with ThreadPoolExecutor(SESSIONS) as threads:
        answers = [answer for found in threads.map(visit, range(SESSIONS)) for answer in found]

    # Some models cannot be added; those pages are refused, as without a pooler.
    assert {status for status, _ in answers} <= {200, 403}, [a for a in answers if a[0] not in (200, 403)]
    assert len([status for status, _ in answers if status == 200]) > 40


def get(port: int, page: str, session: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    connection.request("GET", page, headers={"Cookie": f"sessionid={session}"})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def test_more_statements_than_are_kept_prepared(forking: Warm) -> None:
    statements = STATEMENTS.format(threads=CONNECTIONS + 1)
    assert forking.run("manage.py", "shell", "--no-imports", "-c", statements).strip() == "0"


def test_imports_and_the_stream_work(api: Api, forking: Warm, tmp_path: Path) -> None:
    company = api.data("{ currentCompany { id } }")["currentCompany"]["id"]
    file = tmp_path / "leads.csv"
    file.write_text("title\nImported\n")
    port = free_port()
    with reading(forking.start("manage.py", "serve", "--port", str(port))) as lines:
        Api(port, api.token).wait_until_up(lines)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        connection.request(
            "POST",
            "/graphql/stream",
            json.dumps({"query": "subscription { leadUpdate { title } }"}),
            {
                "Authorization": f"Bearer {api.token}",
                "Content-Type": "application/json",
                "Accept": "text/event-stream",
            },
        )
        # The headers come once the subscription has started; what follows is sent.
        response = connection.getresponse()
        assert response.status == 200
        forking.run("manage.py", "import_leads", str(file), "--company", company, "--as", "ann")
        assert next_event(response)["data"]["leadUpdate"] == {"title": "Imported"}
        connection.close()


def next_event(response: http.client.HTTPResponse) -> dict[str, Any]:
    while True:
        line = response.readline()
        assert line, "the stream has ended"
        if line.startswith(b"data: "):
            event: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
            return event
