"""The backend that asks whether a connection is alive only after a pause."""

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
def kept(monkeypatch):
    """A connection that is kept from request to request."""
    Company.objects.exists()
    # Not Django's name for it, whose attributes cannot be given back.
    wrapper = connections["default"]
    monkeypatch.setitem(wrapper.settings_dict, "CONN_MAX_AGE", 600)
    checks: list[int] = []
    usable = wrapper.is_usable

    def checked():
        checks.append(1)
        return usable()

    monkeypatch.setattr(wrapper, "is_usable", checked)
    monkeypatch.setattr(wrapper, "health_check_enabled", True)
    monkeypatch.setattr(wrapper, "close_at", None)
    return checks


def begin_request() -> None:
    connection.close_if_unusable_or_obsolete()


def test_connection_of_a_moment_ago_is_not_checked(kept):
    Company.objects.exists()
    begin_request()

    with CaptureQueriesContext(connection) as asked:
        Company.objects.exists()

    assert (len(asked), kept) == (1, [])


def test_connection_that_rested_is_checked_and_made_anew(kept, monkeypatch):
    Company.objects.exists()
    begin_request()
    end_from_elsewhere()
    monkeypatch.setattr(base, "FRESH", 0.0)

    assert Company.objects.exists() is False
    assert kept == [1]


def test_connection_that_ended_a_moment_ago_fails_once(kept):
    Company.objects.exists()
    begin_request()
    end_from_elsewhere()

    with pytest.raises(OperationalError):
        Company.objects.exists()
    begin_request()

    assert Company.objects.exists() is False


def test_server_that_vanishes_in_a_statement_is_away_to_prepared_ones_too(kept):
    authenticated = Prepared(lambda **values: Company.objects.filter(**values).values_list("name"))
    assert authenticated.rows(pk=1) == []

    with socket.socket(fileno=os.dup(connection.connection.pgconn.socket)) as wire:
        wire.shutdown(socket.SHUT_RDWR)
    with pytest.raises(OperationalError):
        authenticated.rows(pk=1)
    begin_request()

    assert authenticated.rows(pk=1) == []


def end_from_elsewhere() -> None:
    import psycopg

    server = connection.connection.info.backend_pid
    with psycopg.connect(connection.connection.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [server])
        while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [server]).fetchone():
            time.sleep(0)
