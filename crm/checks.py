"""Checks of the environment: before a server starts, for probes, and for ``check --deploy``."""

import socket
from collections.abc import Sequence

from django.apps.config import AppConfig
from django.conf import settings
from django.core import checks
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from crm.database.patterns import COLLATION
from crm.database.role_settings import missing_settings


def database_problem(database: BaseDatabaseWrapper | None = None) -> str | None:
    """Return the first line of the error if the database does not answer, else None."""
    try:
        with (database or connection).cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return _first_line(error)
    return None


def redis_problem() -> str | None:
    """Return the first line of the error if Redis is configured and does not answer, else None."""
    if not settings.REDIS_URL:
        return None
    # Loading it takes as long as a whole small command.
    import redis

    try:
        with redis.Redis.from_url(settings.REDIS_URL, **settings.REDIS_TIMEOUTS) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        return _first_line(error)
    return None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def ensure_port_free(host: str, port: int) -> None:
    """Raise a ``CommandError`` unless a server can listen on an address."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: otherwise connections of a former server in TIME_WAIT would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise CommandError(
                f"Cannot listen on {host}:{port} ({reason}). Choose another port, for instance PORT=8001."
            ) from error


def ensure_database() -> None:
    # Without the pool, whose error is only that it timed out.
    direct = connection.copy()
    direct.settings_dict["OPTIONS"].pop("pool", None)
    problem = database_problem(direct)
    direct.close()
    if problem:
        raise CommandError(f"The database does not answer ({problem}). Check DATABASE_URL.")


def ensure_redis() -> None:
    problem = redis_problem()
    if problem:
        raise CommandError(f"Redis does not answer ({problem}). Check REDIS_URL, or leave it out.")


def ensure_migrated() -> None:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise CommandError(f"{len(waiting)} migrations are waiting. Run: manage.py migrate")


@checks.register(checks.Tags.database)
def check_collation(databases: Sequence[str] | None = None, **kwargs: object) -> list[checks.CheckMessage]:
    """Refuse a PostgreSQL server without ICU, by which texts are compared without case; ``migrate`` asks."""
    messages: list[checks.CheckMessage] = []
    for alias in databases or ():
        if connections[alias].vendor != "postgresql":
            continue
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_collation WHERE collname = %s", [COLLATION])
            [known] = cursor.fetchone()
        if not known:
            messages.append(
                checks.Error(
                    f'The PostgreSQL server has no collation "{COLLATION}".',
                    hint="Use a server that was built with ICU, as those of Debian, Red Hat and Docker are.",
                    id="crm.E001",
                )
            )
    return messages


@checks.register(checks.Tags.database)
def check_role(databases: Sequence[str] | None = None, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn if there is a pooler and the role does not carry the settings that it keeps us from setting."""
    if not settings.DATABASE_POOLER or "default" not in (databases or ()):
        return []
    missing = missing_settings() if connection.vendor == "postgresql" else []
    if not missing:
        return []
    return [
        checks.Warning(
            f"DATABASE_POOLER is set, but the role of DATABASE_URL does not carry {', '.join(missing)}.",
            hint="Without them nothing ends a statement, a wait or a transaction that hangs, and lists are"
            " planned slowly. Run, as the role or a superuser and past the pooler: manage.py role_settings |"
            " psql. Then have the pooler open new connections (RECONNECT).",
            id="crm.W010",
        )
    ]


@checks.register(checks.Tags.security, deploy=True)
def check_deployment(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[checks.CheckMessage]:
    """Warn of settings that work on a laptop but fail under load or behind a proxy."""
    messages: list[checks.CheckMessage] = []
    if not settings.REDIS_URL:
        messages.append(
            checks.Warning(
                "REDIS_URL is empty: changes by other processes reach subscribers late, and each process"
                " counts the rate limit on its own.",
                id="crm.W001",
            )
        )
    if not settings.TRUSTED_PROXY_COUNT:
        messages.append(
            checks.Warning(
                "TRUSTED_PROXY_COUNT is 0: behind a proxy, all clients appear to have its address, so that"
                " failed sign-ins of one lock out all, and https appears to be http.",
                id="crm.W002",
            )
        )
    return messages
