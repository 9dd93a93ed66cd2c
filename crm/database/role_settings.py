"""The settings that a PostgreSQL role carries for us behind a pooler, where no session keeps its own."""

from collections.abc import Mapping

from django.conf import settings
from django.db import connection
from psycopg.sql import SQL, Identifier, Literal

#: Django sets it in each new session that has another one.
TIME_ZONE = {"TimeZone": "UTC"}
#: Any value but 0 will do: operators may choose their own.
TIMEOUTS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


def needed_settings() -> Mapping[str, str]:
    needed: dict[str, str] = {**settings.DATABASE_SERVER_SETTINGS, **TIME_ZONE}
    return needed


def alter_role(role: str) -> list[str]:
    """Return the statements that make a role carry the settings; its next sessions have them."""
    return [
        SQL("ALTER ROLE {} SET {} = {};")
        .format(Identifier(role), Identifier(name), Literal(value))
        .as_string(None)
        for name, value in needed_settings().items()
    ]


def missing_settings() -> list[str]:
    """Return the names of the settings that sessions of the role of the connection do not start with."""
    needed = needed_settings()
    with connection.cursor() as cursor:
        # The value of a session's start: another client of the pooler may have changed the present one.
        cursor.execute(
            "SELECT name, reset_val FROM pg_settings WHERE lower(name) = ANY(%s)",
            [[name.lower() for name in needed]],
        )
        present = {name.lower(): value for name, value in cursor.fetchall()}
    return [name for name, value in needed.items() if not _is_carried(name, present.get(name.lower()), value)]


def _is_carried(name: str, present: str | None, wanted: str) -> bool:
    # A statement timeout of 0 is for migrations alone; they do not go through a pooler.
    return present not in (None, "0") if name in TIMEOUTS else present == wanted
