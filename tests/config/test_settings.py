"""Settings that must not run are refused at every entry point, and the others have the documented values."""

import os
import subprocess
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from config.environment import database
from tests.config.processes import DEVELOPMENT, PRODUCTION, environment, run_each

SINGLE_SIGN_ON = {
    "OIDC_CLIENT_ID": "crm",
    "OIDC_CLIENT_SECRET": "client-secret",
    "OIDC_ISSUER": "https://id.example.com",
}
REFUSALS: list[tuple[dict[str, str | None], str]] = [
    ({"DJANGO_SECRET_KEY": None}, "DJANGO_SECRET_KEY must hold 50 or more random characters"),
    ({"DJANGO_SECRET_KEY": "change-me"}, "DJANGO_SECRET_KEY must hold 50 or more random characters"),
    ({"DJANGO_ALLOWED_HOSTS": "*"}, "DJANGO_ALLOWED_HOSTS must name the hosts"),
    ({"DJANGO_ALLOWED_HOSTS": None}, "DJANGO_ALLOWED_HOSTS must name the hosts"),
    ({"REDIS_URL": ""}, "WEB_CONCURRENCY is above 1 without REDIS_URL"),
    ({"DJANGO_DEBUG": None}, "DJANGO_ALLOWED_HOSTS names other hosts than this one while debug is on"),
    ({"DATABASE_URL": "mysql://root@localhost/crm"}, "DATABASE_URL must read postgres://"),
    ({"DATABASE_URL": "postgres://u:secret@h:port/crm"}, "DATABASE_URL must read postgres://"),
    ({"DATABASE_URL": "postgres://u@h"}, "DATABASE_URL must read postgres://"),
    ({"REDIS_URL": "localhost:6379"}, "REDIS_URL must read redis://"),
    ({"PORT": "eighty"}, "PORT must be a whole number"),
    ({"EMAIL_URL": "ftp://u:secret@h"}, "EMAIL_URL must read smtp://"),
    ({"EMAIL_URL": "smtp://u:secret@h:port"}, "EMAIL_URL must read smtp://"),
    ({"EMAIL_URL": "smtp://"}, "EMAIL_URL must read smtp://"),
    ({"OIDC_ISSUER": "http://id.example.com"}, "OIDC_ISSUER must begin with https://"),
    ({"OIDC_ISSUER": "https://id.example.com"}, "OIDC_ISSUER is set: set OIDC_CLIENT_ID"),
    (
        {**SINGLE_SIGN_ON, "OIDC_JOIN_COMPANY": "1", "OIDC_JOIN_ROLE": "owner"},
        "Set both OIDC_JOIN_COMPANY, the id of a company, and OIDC_JOIN_ROLE",
    ),
    ({**SINGLE_SIGN_ON, "OIDC_JOIN_ROLE": "agent"}, "Set both OIDC_JOIN_COMPANY"),
    ({"FILES_STORAGE": "ftp"}, "FILES_STORAGE must be local or s3"),
    ({"FILES_STORAGE": "s3"}, "FILES_STORAGE is s3: name the bucket in FILES_BUCKET"),
]
#: The entry points of the product, with the exit code of a refusal.
ENTRIES = {
    "manage.py": (["manage.py", "check"], 1),
    "gunicorn": (["-m", "gunicorn", "--check-config", "config.wsgi"], 1),
    "uvicorn": (["-m", "uvicorn", "--workers", "1", "--port", "0", "config.asgi:application"], 1),
}


REFUSED_BY_ALL: list[dict[str, str | None]] = [
    {"DJANGO_SECRET_KEY": None},
    {"DJANGO_ALLOWED_HOSTS": "*"},
    {"REDIS_URL": ""},
]
SETTINGS = {"DJANGO_SETTINGS_MODULE": "config.settings"}
DEPLOY = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]
PRINT_APPS = "from django.conf import settings; print([a for a in settings.INSTALLED_APPS if 'social' in a])"
PRINT_PRIVATE = "from django.conf import settings; print(settings.WEBHOOK_ALLOW_PRIVATE)"
PRINT_PORTS = (
    "from django.conf import settings;"
    "ports = settings.WEBHOOK_PORTS; print(None if ports is None else sorted(ports))"
)
PRINT_HASH = (
    "import django; django.setup();"
    "from django.contrib.auth.hashers import make_password; print(make_password('x'))"
)
#: What is run in forks of one process for each test: most of the time was the start of Python.
COMMANDS: dict[Any, tuple[list[str], dict[str, str]]] = {
    **{
        number: (["manage.py", "check"], environment(PRODUCTION, **changes))
        for number, (changes, _sentence) in enumerate(REFUSALS)
    },
    **{
        (entry, str(changes)): (arguments, environment(PRODUCTION, **changes))
        for entry, (arguments, _code) in ENTRIES.items()
        for changes in REFUSED_BY_ALL
    },
    "deploy": (DEPLOY, environment(PRODUCTION)),
    "deploy in development": (
        DEPLOY,
        environment(PRODUCTION, REDIS_URL="", TRUSTED_PROXY_COUNT="0", WEB_CONCURRENCY="1"),
    ),
    "without single sign-on": (["-c", PRINT_APPS], environment(PRODUCTION, SETTINGS)),
    "with single sign-on": (["-c", PRINT_APPS], environment(PRODUCTION, SETTINGS, SINGLE_SIGN_ON)),
    "one worker": (["manage.py", "check"], environment(PRODUCTION, REDIS_URL="", WEB_CONCURRENCY="1")),
    "debug elsewhere": (
        ["manage.py", "check"],
        environment(DEVELOPMENT, DJANGO_ALLOWED_HOSTS="crm.example.com"),
    ),
    "private": (["-c", PRINT_PRIVATE], environment(PRODUCTION, SETTINGS)),
    "private in debug": (["-c", PRINT_PRIVATE], environment(DEVELOPMENT, SETTINGS)),
    "ports": (["-c", PRINT_PORTS], environment(PRODUCTION, SETTINGS)),
    "given ports": (["-c", PRINT_PORTS], environment(PRODUCTION, SETTINGS, WEBHOOK_PORTS="8443, 80")),
    "ports in debug": (["-c", PRINT_PORTS], environment(DEVELOPMENT, SETTINGS)),
    "hash": (["-c", PRINT_HASH], environment(DEVELOPMENT, SETTINGS)),
}


def ended(*names: Any) -> list[subprocess.CompletedProcess[str]]:
    return run_each([COMMANDS[name] for name in names])


def test_refusals_are_one_sentence():
    refusals = zip(REFUSALS, ended(*range(len(REFUSALS))), strict=True)

    for (changes, sentence), refused in refusals:
        assert refused.returncode == 1, changes
        assert refused.stderr.startswith(f"manage.py: {sentence}"), changes
        assert len(refused.stderr.splitlines()) == 1, changes
        assert "secret@" not in refused.stderr, changes


def test_every_entry_point_refuses():
    sentences = {str(changes): sentence for changes, sentence in REFUSALS}
    names = [(entry, str(changes)) for entry in ENTRIES for changes in REFUSED_BY_ALL]

    for (entry, changes), refused in zip(names, ended(*names), strict=True):
        assert refused.returncode == ENTRIES[entry][1], (entry, changes)
        assert sentences[changes] in refused.stderr, (entry, changes)


def test_deployment_checks_pass_production_settings_and_warn_of_those_of_development():
    passed, warned = ended("deploy", "deploy in development")

    assert passed.returncode == 0, passed.stderr
    assert passed.stdout == "System check identified no issues (1 silenced).\n"
    assert warned.returncode == 1
    assert "(crm.W001)" in warned.stderr
    assert "(crm.W002)" in warned.stderr


def test_a_single_worker_needs_no_redis_and_debug_for_other_hosts_is_explicit():
    for passed in ended("one worker", "debug elsewhere"):
        assert passed.returncode == 0, passed.stderr


def test_settings_that_follow_from_others():
    printed = {
        "without single sign-on": "[]",
        # Webhooks reach private networks, and any port, in debug only.
        "private": "False",
        "private in debug": "True",
        "ports": "[]",
        "given ports": "[80, 8443]",
        "ports in debug": "None",
    }
    *plain, social, hashed = ended(*printed, "with single sign-on", "hash")

    assert [each.stdout.strip() for each in plain] == list(printed.values())
    assert "allauth.socialaccount" in social.stdout
    assert hashed.stdout.startswith("argon2$argon2id$")


@pytest.mark.skipif("sqlite" not in settings.DATABASES["default"]["ENGINE"], reason="tests SQLite")
def test_sqlite_waits_for_locks_and_enforces_foreign_keys(db):
    values = {}
    with connection.cursor() as cursor:
        for pragma in ("journal_mode", "foreign_keys", "busy_timeout"):
            values[pragma] = cursor.execute(f"PRAGMA {pragma}").fetchone()[0]

    assert values == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 20_000}
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.postgres
def test_postgresql_has_timeouts():
    url = urlsplit(os.environ["TEST_DATABASE_URL"])._replace(path="/postgres").geturl()
    options = database(url, pool_size=0, statement_timeout=10, prepared=True)["OPTIONS"]["options"]
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")

    # The tests' own connections are let idle.
    with psycopg.connect(url, options=options) as connected:
        values = [connected.execute(f"SHOW {name}").fetchone() for name in names]

    assert values == [("10s",), ("3s",), ("30s",)]


@pytest.mark.postgres
def test_redis_times_out_after_a_second():
    hosts = settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"]

    assert settings.CHANNEL_LAYERS["default"]["BACKEND"] == "channels_redis.pubsub.RedisPubSubChannelLayer"
    assert [(host["socket_timeout"], host["socket_connect_timeout"]) for host in hosts] == [(1, 1)]
    assert settings.CACHES["default"]["OPTIONS"] == {"socket_timeout": 1, "socket_connect_timeout": 1}
