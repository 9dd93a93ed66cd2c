"""A request ends at its deadline, and an error of the database has one meaning at each door."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connection, connections, transaction
from django.db.models.signals import post_save
from django.test import Client

from config.wsgi_middleware import with_deadline
from crm.database import deadlines
from crm.database.deadlines import Deadline, RequestEnded
from crm.models import IdempotencyKey
from crm.models.tags import Tag
from crm.services.tokens import create_token
from leads.models import Lead, LeadReceiver
from tests.config.both_paths import BothPaths, send
from tests.config.processes import DEVELOPMENT, environment, run
from tests.factories.leads import LeadFactory
from tests.receivers.delivering import deliver

CREATE = {"query": 'mutation { createLead(input: { title: "Late" }) { title tags { name } } }'}
READ = {"query": "{ leads(first: 5) { data { title } } }"}


def test_statement_or_object_after_the_deadline_is_refused(db):
    with Deadline(1000) as deadline:
        assert Tag.objects.count() == 0
        deadline.ends_at = 0

        with pytest.raises(RequestEnded):
            Tag.objects.count()
        with pytest.raises(RequestEnded):
            deadlines.check()

    # Commands and workers have no deadline, nor has the next request this one's.
    assert (Tag.objects.count(), deadlines.current()) == (0, None)


def test_upload_and_the_time_after_a_commit_do_not_count():
    deadline = Deadline(10)
    deadline.extend(5)
    assert deadline.last_commit == deadline.ends_at == deadline.started + 15

    deadline.last_commit = deadline.ends_at = time.monotonic() + 1
    with deadline.commit():
        pass
    assert deadline.ends_at > deadline.last_commit + 1

    deadline.last_commit = 0
    with pytest.raises(RequestEnded), deadline.commit():
        pytest.fail("COMMIT was sent after the deadline.")


@pytest.fixture
def token(tenant):
    return create_token(tenant.users["admin"], tenant.company, name="program")[1]


@pytest.fixture
def both():
    """The two paths of a request under gunicorn, with their deadline."""
    paths = BothPaths(get_wsgi_application())
    return [with_deadline(paths.fast), with_deadline(paths.django)]


@contextmanager
def whenever_a_lead_is_saved(act: Callable[[], object]) -> Iterator[None]:
    def receive(**_: object) -> None:
        act()

    post_save.connect(receive, sender=Lead)
    try:
        yield
    finally:
        post_save.disconnect(receive, sender=Lead)


def end() -> None:
    deadline = deadlines.current()
    assert deadline is not None
    deadline.last_commit = deadline.ends_at = 0


@pytest.mark.django_db(transaction=True)
def test_mutation_past_its_deadline_is_undone(token, both):
    keyed = {"HTTP_IDEMPOTENCY_KEY": "once"}

    with whenever_a_lead_is_saved(end):
        late = [send(application, token, CREATE, **keyed) for application in both]
    stored = Lead.objects.count(), IdempotencyKey.objects.count()
    repeated = send(both[0], token, CREATE, **keyed)

    assert late[0] == late[1]
    status, headers, body = late[0]
    assert (status, headers["Retry-After"], stored) == (503, "5", (0, 0))
    assert [error["extensions"]["code"] for error in json.loads(body)["errors"]] == ["TIMEOUT"]
    assert (repeated[0], Lead.objects.count()) == (200, 1)


@pytest.mark.django_db(transaction=True)
def test_answer_that_fails_after_the_commit_is_not_kept_for_the_key(token, both):
    keyed = {"HTTP_IDEMPOTENCY_KEY": "once"}

    with whenever_a_lead_is_saved(lambda: transaction.on_commit(end)):
        late = send(both[0], token, CREATE, **keyed)
    repeated = json.loads(send(both[0], token, CREATE, **keyed)[2])

    [error] = json.loads(late[2])["errors"]
    assert (late[0], error["extensions"]) == (503, {"code": "TIMEOUT", "stored": True})
    assert repeated == {"data": {"createLead": {"title": "Late", "tags": []}}}
    assert Lead.objects.count() == 1


class Doors:
    """Everything by which a request comes in and needs the leads."""

    def __init__(self, tenant, token, both):
        self._token = token
        self._both = both
        self._receiver = LeadReceiver.objects.get(company=tenant.company)
        self._lead = LeadFactory(company=tenant.company)
        user = tenant.users["admin"]
        user.is_staff = True
        user.save(update_fields=["is_staff"])
        self._admin = Client()
        self._admin.force_login(user)

    def answers(self):
        """Return status, Retry-After and what tells the cause, for each door."""
        for application in self._both:
            for document in (READ, CREATE):
                status, headers, body = send(application, self._token, document)
                yield status, headers.get("Retry-After"), json.loads(body)["errors"][0]["extensions"]["code"]
        for answer in (
            self._admin.get("/admin/leads/lead/"),
            self._admin.post(f"/admin/leads/lead/{self._lead.pk}/change/", {"title": "New"}),
            deliver(self._receiver, {"title": "New"}),
        ):
            yield answer.status_code, answer.headers.get("Retry-After"), answer.content.decode()


def expect(answers, code, heading):
    *graphql, page, form, receiver = answers
    assert graphql == [(503, "5", code)] * 4
    for status, wait, text in (page, form):
        assert (status, wait, heading in text) == (503, "5", True)
    assert "your browser sends your input again" in form[2]
    assert receiver[:2] == (503, "5")


@pytest.fixture
def doors(tenant, token, both):
    return Doors(tenant, token, both)


@contextmanager
def locked(table: str) -> Iterator[None]:
    with psycopg.connect(connection.connection.info.dsn) as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_statement_that_the_database_cuts_off_is_a_timeout_at_each_door(doors, monkeypatch, caplog):
    options = connections["default"].settings_dict["OPTIONS"]
    with locked("leads_lead"):
        monkeypatch.setitem(options, "options", options["options"] + " -c lock_timeout=50ms")
        connection.close()
        answers = list(doors.answers())

    expect(answers, "TIMEOUT", "This took too long")
    failures = [each for each in caplog.records if each.levelname in ("WARNING", "ERROR")]
    assert [each.name for each in failures] == ["crm.database"] * len(answers)
    assert all("LockNotAvailable 55P03" in each.getMessage() and not each.exc_info for each in failures)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_database_that_is_away_is_unavailable_at_each_door(doors, monkeypatch, caplog):
    monkeypatch.setitem(connections["default"].settings_dict, "PORT", "1")
    connection.close()
    try:
        answers = list(doors.answers())
        ready = Client().get("/readyz")
    finally:
        monkeypatch.undo()

    expect(answers, "UNAVAILABLE", "The database does not answer")
    assert (ready.status_code, ready.json()["problems"]) == (503, {"database": "unreachable"})
    failures = [each for each in caplog.records if each.levelname in ("WARNING", "ERROR")]
    assert [(each.name, each.exc_info) for each in failures] == [("crm.database", None)] * len(answers)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_statement_is_cancelled_at_the_deadline_and_its_connection_thrown_away(
    token, both, settings, monkeypatch, caplog
):
    monkeypatch.setitem(connections["default"].settings_dict, "CONN_MAX_AGE", 600)
    options = connections["default"].settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "options", options["options"] + " -c lock_timeout=0 -c statement_timeout=0")
    connection.close()
    Tag.objects.exists()
    before = connection.connection.info.backend_pid
    settings.REQUEST_DEADLINE = 0.3

    with locked("leads_lead"):
        late = [send(application, token, READ) for application in both]

    assert late[0] == late[1]
    assert late[0][0] == 503
    assert json.loads(late[0][2])["errors"] == [
        {
            "message": "The request took too long and was ended. Send it again in a few seconds.",
            "extensions": {"code": "TIMEOUT"},
        }
    ]
    ended = [each.getMessage() for each in caplog.records if each.name == "crm.database"]
    assert ended == ["Ended at leads: its deadline has passed."] * 2
    settings.REQUEST_DEADLINE = 0
    assert send(both[0], token, READ)[0] == 200
    Tag.objects.exists()
    assert connection.connection.info.backend_pid != before


def test_command_reports_an_unreachable_database_in_one_line():
    env = environment(DEVELOPMENT, DATABASE_POOL_SIZE="0", DATABASE_URL="postgres://u:secret@127.0.0.1:1/crm")

    ended = run("manage.py", "changepassword", "ann", env=env)

    assert ended.returncode == 1
    assert ended.stderr.startswith("manage.py: The database does not answer: connection failed")
    assert len(ended.stderr.splitlines()) == 1
    assert "secret" not in ended.stderr
