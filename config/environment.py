"""How environment variables become settings; what cannot be understood is refused in one sentence."""

import os
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from psycopg import IsolationLevel

LEAST_SECRET_LENGTH = 50
#: What PostgreSQL is told on each connection; ``docs/operations.md`` has the figures.
PLANNER = {
    # Tables that it tries in every order. The joins of a list of leads (7) take 235 ms to plan by the default
    # of 8, and 1.7 ms by this; running takes what it took.
    "join_collapse_limit": "3",
    # Small tables are looked up by their index, not read through and hashed for each row of a page: the first
    # 20 leads take 0.5 ms in place of 0.8, the first 100 take 1.9 in place of 2.8.
    "cpu_tuple_cost": "0.05",
    # No disk that turns: another page costs what the next one does.
    "random_page_cost": "1.1",
    # Compiling a statement to machine code takes longer than any page of a list.
    "jit": "off",
}


def number(env: environ.Env, name: str, default: int) -> int:
    """Read a whole number, zero or more, from the environment.

    :raises ImproperlyConfigured: if the variable holds anything else.
    """
    text = env.str(name, default=str(default)).strip()
    if not (text.isascii() and text.isdigit()):
        raise ImproperlyConfigured(f"{name} must be a whole number, zero or more; it is {text!r}.")
    return int(text)


def development_secret(path: Path) -> str:
    """Give the secret of this checkout, made on first use and readable by its owner only.

    :raises ImproperlyConfigured: if the file can be neither read nor written.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        if not path.exists():
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(LEAST_SECRET_LENGTH))
            # A rename would replace the key that another process made meanwhile; a link does not.
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"Set DJANGO_SECRET_KEY, or make {path.name} writable: {error.strerror}."
        ) from error


def database(
    url: str, *, pool_size: int, statement_timeout: int, prepared: bool, max_age: int = 0
) -> dict[str, Any]:
    """Turn an address into Django's database settings.

    :param pool_size: PostgreSQL connections that one process may hold; 0 for no pool.
    :param max_age: seconds for which each thread keeps a connection of its own, in place of the pool.
    :param statement_timeout: seconds after which PostgreSQL ends a statement; 0 for never.
    :param prepared: whether compiled reads are kept as prepared statements, which some poolers do not allow.
    :raises ImproperlyConfigured: if the address is not one of SQLite or PostgreSQL. Its text is not repeated,
        since it may hold a password.
    """
    shape = "DATABASE_URL must read postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH"
    if not url.startswith(("postgres://", "postgresql://", "sqlite://")):
        raise ImproperlyConfigured(f"{shape}.")
    try:
        parsed: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"{shape}; the present one cannot be read.") from error
    if not parsed.get("NAME"):
        raise ImproperlyConfigured(f"{shape}; the present one names no database.")
    if parsed["ENGINE"] == "django.db.backends.sqlite3":
        options: dict[str, Any] = {
            # Row locks do nothing on SQLite: a transaction takes the write lock when it begins, or readers
            # that turn into writers fail at once, whatever the timeout.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON",
        }
    else:
        parsed["ENGINE"] = "config.postgresql"
        options = {
            "connect_timeout": 3,
            # Whatever the server's default: events are numbered by what is committed when a lock is got.
            "isolation_level": IsolationLevel.READ_COMMITTED,
            "options": f"-c statement_timeout={statement_timeout}s -c lock_timeout=3s"
            " -c idle_in_transaction_session_timeout=30s"
            + "".join(f" -c {name}={value}" for name, value in PLANNER.items()),
            # Django's own cursors never prepare. Compiled reads do, from the third time on: a statement of
            # many sub-selects takes longer to plan than to run.
            "prepare_threshold": 2 if prepared else None,
        }
        if pool_size and not max_age:
            # Attempts that end after 3 s are made anew by the next request; longer ones back off for minutes.
            options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 3, "reconnect_timeout": 3}
    return {
        **parsed,
        "CONN_MAX_AGE": max_age,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options | parsed.get("OPTIONS", {}),
    }


def file_storage(kind: str, *, directory: str, bucket: str) -> dict[str, Any]:
    """Give the storage of uploaded files: a directory, or a bucket of an S3 service.

    :param kind: ``local`` or ``s3``.
    :raises ImproperlyConfigured: if it is neither, or what it needs is missing.
    """
    if kind == "local":
        options: dict[str, Any] = {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
        backend = "django.core.files.storage.FileSystemStorage"
        return {"BACKEND": backend, "OPTIONS": {"location": directory, **options}}
    if kind != "s3":
        raise ImproperlyConfigured("FILES_STORAGE must be local or s3.")
    if not bucket:
        raise ImproperlyConfigured("FILES_STORAGE is s3: name the bucket in FILES_BUCKET.")
    if find_spec("storages") is None:
        raise ImproperlyConfigured('FILES_STORAGE is s3: install the extra, pip install "open-crm[s3]".')
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "file_overwrite": False,
            # Nobody is sent to the bucket itself; an address that leaks anyway is soon void.
            "querystring_expire": 60,
        },
    }


def redis_address(url: str) -> str:
    """Give the address back if it can be one of Redis, or if it is empty, which means no Redis.

    :raises ImproperlyConfigured: if it cannot; its text is not repeated, since it may hold a password.
    """
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured("REDIS_URL must read redis://HOST:PORT/NUMBER.")
    return url
