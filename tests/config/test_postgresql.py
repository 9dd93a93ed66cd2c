"""The PostgreSQL backend checks connections only after a pause."""

import os
import socket
import time

import pytest
from django.db import OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext

from config.postgresql import base
from crm.database.statements import Prepared
from crm.models import Company

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def checks(monkeypatch):
    """Keep the connection from request to request; the list grows with each health check."""
    Company.objects.exists()
    # Not django.db.connection: monkeypatch cannot restore the attributes of that proxy.
    wrapper = connections["default"]
    monkeypatch.setitem(wrapper.settings_dict, "CONN_MAX_AGE", 600)
    counted: list[int] = []
    usable = wrapper.is_usable

    def checked():
        counted.append(1)
        return usable()

    monkeypatch.setattr(wrapper, "is_usable", checked)
    monkeypatch.setattr(wrapper, "health_check_enabled", True)
    monkeypatch.setattr(wrapper, "close_at", None)
    return counted


def begin_request() -> None:
    connection.close_if_unusable_or_obsolete()


def test_recently_used_connection_is_not_checked(checks):
    Company.objects.exists()
    begin_request()

    with CaptureQueriesContext(connection) as captured:
        Company.objects.exists()

    assert (len(captured), checks) == (1, [])


def test_idle_connection_is_checked_and_reopened(checks, monkeypatch):
    Company.objects.exists()
    begin_request()
    terminate_from_another_connection()
    monkeypatch.setattr(base, "FRESH", 0.0)

    assert Company.objects.exists() is False
    assert checks == [1]


def test_connection_lost_right_after_use_fails_once(checks):
    Company.objects.exists()
    begin_request()
    terminate_from_another_connection()

    with pytest.raises(OperationalError):
        Company.objects.exists()
    begin_request()

    assert Company.objects.exists() is False


def test_connection_lost_during_a_prepared_statement_is_an_operational_error(checks):
    authenticated = Prepared(lambda **values: Company.objects.filter(**values).values_list("name"))
    assert authenticated.rows(pk=1) == []

    with socket.socket(fileno=os.dup(connection.connection.pgconn.socket)) as wire:
        wire.shutdown(socket.SHUT_RDWR)
    with pytest.raises(OperationalError):
        authenticated.rows(pk=1)
    begin_request()

    assert authenticated.rows(pk=1) == []


def terminate_from_another_connection() -> None:
    import psycopg

    server = connection.connection.info.backend_pid
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [server])
        while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [server]).fetchone():
            time.sleep(0)
