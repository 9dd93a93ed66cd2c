import stat

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from psycopg import IsolationLevel

from config.environment import (
    database,
    development_secret,
    file_storage,
    number,
    pooler_kind,
    redis_address,
)


def test_secret_is_created_once_and_readable_by_its_owner_only(tmp_path):
    path = tmp_path / ".secret-key"

    first = development_secret(path)

    assert len(first) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert development_secret(path) == first
    assert [entry.name for entry in tmp_path.iterdir()] == [".secret-key"]


def test_secret_of_another_process_is_kept(tmp_path):
    path = tmp_path / ".secret-key"
    path.write_text("created before")

    assert development_secret(path) == "created before"


def test_secret_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="Set DJANGO_SECRET_KEY"):
        development_secret(tmp_path / "missing" / ".secret-key")


def test_postgresql_has_a_pool_and_timeouts():
    settings = database(
        "postgres://u:p@h:5433/crm?sslmode=require", pool_size=7, statement_timeout=10, prepared=True
    )

    assert (settings["NAME"], settings["HOST"], settings["PORT"]) == ("crm", "h", 5433)
    assert (settings["CONN_MAX_AGE"], settings["CONN_HEALTH_CHECKS"]) == (0, True)
    assert settings["OPTIONS"] == {
        "connect_timeout": 3,
        "isolation_level": IsolationLevel.READ_COMMITTED,
        "options": "-c statement_timeout=10s -c lock_timeout=3s -c idle_in_transaction_session_timeout=30s"
        " -c join_collapse_limit=3 -c cpu_tuple_cost=0.05 -c random_page_cost=1.1 -c jit=off",
        "pool": {"min_size": 1, "max_size": 7, "timeout": 3, "reconnect_timeout": 3},
        "prepare_threshold": 2,
        "sslmode": "require",
    }


def test_postgresql_without_pool_and_prepared_statements():
    options = database("postgres://h/crm", pool_size=0, statement_timeout=10, prepared=False)["OPTIONS"]

    assert "pool" not in options
    assert options["prepare_threshold"] is None


@pytest.mark.parametrize("url", ["", "crm", "mysql://h/crm", "postgres://h", "postgres://h:x/crm"])
def test_bad_database_url_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must read"):
        database(url, pool_size=1, statement_timeout=1, prepared=True)


@pytest.mark.parametrize("url", ["", "redis://localhost:6379/0", "rediss://h", "unix:///run/redis.sock"])
def test_redis_urls_are_accepted(url):
    assert redis_address(url) == url


@pytest.mark.parametrize("text", ["-1", "1.5", "", "٣", "x"])
def test_text_that_is_not_a_number_is_refused(monkeypatch, text):
    monkeypatch.setenv("PORT", text)

    with pytest.raises(ImproperlyConfigured, match="PORT must be a whole number"):
        number(environ.Env(), "PORT", 8000)


def test_number_has_a_default(monkeypatch):
    monkeypatch.delenv("PORT")

    assert number(environ.Env(), "PORT", 8000) == 8000


def test_local_files_are_readable_by_their_owner_only():
    storage = file_storage("local", directory="/srv/files", bucket="")

    assert storage == {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": "/srv/files",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }


def test_files_can_be_stored_in_a_bucket(monkeypatch):
    monkeypatch.setattr("config.environment.find_spec", lambda name: name == "storages")

    storage = file_storage("s3", directory="unused", bucket="crm-files")

    assert storage == {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {"bucket_name": "crm-files", "file_overwrite": False, "querystring_expire": 60},
    }


def test_bucket_without_the_s3_package_is_refused(monkeypatch):
    monkeypatch.setattr("config.environment.find_spec", lambda name: None)

    with pytest.raises(ImproperlyConfigured, match="install the extra"):
        file_storage("s3", directory="unused", bucket="crm-files")


def test_pooler_gets_no_options_and_no_cursors_on_the_server():
    behind = database(
        "postgres://h/crm", pool_size=0, statement_timeout=10, prepared=False, pooler="transaction"
    )

    assert "options" not in behind["OPTIONS"]
    assert behind["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert pooler_kind("transaction") == "transaction"
    with pytest.raises(ImproperlyConfigured, match="DATABASE_POOLER must be transaction"):
        pooler_kind("session")
