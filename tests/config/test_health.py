import pytest
from django.db import connection
from django.test import Client


def test_healthz_answers_without_the_database():
    answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer.headers["Cache-Control"]


def test_readyz_answers_ok_when_all_services_are_up(db):
    answer = Client().get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_readyz_reports_the_database(db, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "NAME", "/missing/directory/db")
    connection.close()

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "problems": {"database": "unreachable"}}


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "redis://127.0.0.1:port/0"])
def test_readyz_reports_redis(db, settings, address):
    settings.REDIS_URL = address

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "problems": {"redis": "unreachable"}}


def test_only_safe_methods_are_allowed():
    assert Client().post("/healthz").status_code == 405
