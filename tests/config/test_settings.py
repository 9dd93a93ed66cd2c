"""Settings that must not run are refused at every entry point, and the others have the documented values."""

import os
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from config.environment import database
from tests.config.processes import DEVELOPMENT, PRODUCTION, environment, run, run_each

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


@pytest.fixture(scope="module")
def refused():
    return run_each(
        [(["manage.py", "check"], environment(PRODUCTION, **changes)) for changes, _sentence in REFUSALS]
    )


@pytest.mark.parametrize("number", range(len(REFUSALS)), ids=lambda number: f"{REFUSALS[number]}")
def test_refusal_is_one_sentence(refused, number):
    ended, sentence = refused[number], REFUSALS[number][1]

    assert ended.returncode == 1
    assert ended.stderr.startswith(f"manage.py: {sentence}")
    assert len(ended.stderr.splitlines()) == 1
    assert "secret@" not in ended.stderr


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(
    "changes", [{"DJANGO_SECRET_KEY": None}, {"DJANGO_ALLOWED_HOSTS": "*"}, {"REDIS_URL": ""}]
)
def test_every_entry_point_refuses(entry, changes):
    arguments, code = ENTRIES[entry]
    sentence = next(sentence for refused, sentence in REFUSALS if refused == changes)

    ended = run(*arguments, env=environment(PRODUCTION, **changes))

    assert ended.returncode == code
    assert sentence in ended.stderr


def test_production_settings_pass_the_deployment_checks():
    ended = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", env=environment(PRODUCTION))

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "System check identified no issues (1 silenced).\n"


def test_deployment_checks_warn_of_development_settings():
    env = environment(PRODUCTION, REDIS_URL="", TRUSTED_PROXY_COUNT="0", WEB_CONCURRENCY="1")

    ended = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", env=env)

    assert ended.returncode == 1
    assert "(crm.W001)" in ended.stderr
    assert "(crm.W002)" in ended.stderr


def test_single_sign_on_is_off_unless_it_is_configured():
    text = "from django.conf import settings; print([a for a in settings.INSTALLED_APPS if 'social' in a])"
    module = {"DJANGO_SETTINGS_MODULE": "config.settings"}

    off = run("-c", text, env=environment(PRODUCTION, module))
    on = run("-c", text, env=environment(PRODUCTION, module, SINGLE_SIGN_ON))

    assert off.stdout == "[]\n"
    assert "allauth.socialaccount" in on.stdout


def test_single_worker_needs_no_redis():
    ended = run("manage.py", "check", env=environment(PRODUCTION, REDIS_URL="", WEB_CONCURRENCY="1"))

    assert ended.returncode == 0, ended.stderr


def test_debug_for_other_hosts_must_be_explicit():
    env = environment(DEVELOPMENT, DJANGO_ALLOWED_HOSTS="crm.example.com")

    ended = run("manage.py", "check", env=env)

    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(("base", "allowed"), [(PRODUCTION, "False"), (DEVELOPMENT, "True")])
def test_webhooks_reach_private_networks_in_debug_only(base, allowed):
    text = "from django.conf import settings; print(settings.WEBHOOK_ALLOW_PRIVATE)"
    ended = run("-c", text, env=environment(base, DJANGO_SETTINGS_MODULE="config.settings"))

    assert ended.stdout == f"{allowed}\n"


@pytest.mark.parametrize(
    ("base", "sent", "allowed"),
    [
        (PRODUCTION, {}, "[]"),
        (PRODUCTION, {"WEBHOOK_PORTS": "8443, 80"}, "[80, 8443]"),
        (DEVELOPMENT, {}, "None"),
    ],
)
def test_webhooks_use_any_port_in_debug_only(base, sent, allowed):
    text = (
        "from django.conf import settings;"
        "ports = settings.WEBHOOK_PORTS; print(None if ports is None else sorted(ports))"
    )
    ended = run("-c", text, env=environment(base, DJANGO_SETTINGS_MODULE="config.settings", **sent))

    assert ended.stdout == f"{allowed}\n"


def test_secrets_are_hashed_with_argon2():
    ended = run(
        "-c",
        "import django; django.setup();"
        "from django.contrib.auth.hashers import make_password; print(make_password('x'))",
        env=environment(DEVELOPMENT, DJANGO_SETTINGS_MODULE="config.settings"),
    )

    assert ended.stdout.startswith("argon2$argon2id$")


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
