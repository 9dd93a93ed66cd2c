"""Read environment variables as settings. A bad value raises ImproperlyConfigured with one sentence."""

import os
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from psycopg import IsolationLevel

from crm.origins import clean_origin

ROOT = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(ROOT / ".env", overwrite=False)
DEBUG = env.bool("DJANGO_DEBUG", default=True)

LEAST_SECRET_LENGTH = 50
#: Planner settings of each PostgreSQL connection. Measured in ``docs/operations.md``.
PLANNER = {
    # The planner tries all orders of up to this many joined tables. A list of leads joins 7: planning takes
    # 235 ms with the default of 8 and 1.7 ms with 3; running it takes the same time.
    "join_collapse_limit": "3",
    # Makes the planner look up small tables by index instead of hashing them for each row of a page: the
    # first 20 leads take 0.5 ms instead of 0.8, the first 100 take 1.9 instead of 2.8.
    "cpu_tuple_cost": "0.05",
    # For SSDs, where a random page costs what the next one does; the default of 4 is for spinning disks.
    "random_page_cost": "1.1",
    # Compiling a statement to machine code takes longer than running any page of a list.
    "jit": "off",
}
#: How a pooler shares connections to the server; PgBouncer's other modes need no setting.
POOLERS = ("transaction",)
#: Points a minute of a token where debug is off.
API_RATE_LIMIT_DEFAULT = 600
#: In seconds.
REQUEST_DEADLINE_DEFAULT = 30
GRAPHQL_MAX_OBJECTS_DEFAULT = 10_000
GRAPHQL_MAX_ANSWER_BYTES_DEFAULT = 8 * 1024 * 1024
LOCK_TIMEOUT, IDLE_TIMEOUT = "3s", "30s"


def number(env: environ.Env, name: str, default: int) -> int:
    """Return a whole number, zero or more, from the environment; refuse anything else."""
    text = env.str(name, default=str(default)).strip()
    if not (text.isascii() and text.isdigit()):
        raise ImproperlyConfigured(f"{name} must be a whole number, zero or more; it is {text!r}.")
    return int(text)


def origins(env: environ.Env, name: str) -> list[str]:
    """Return a list of origins from the environment, as browsers send them."""
    try:
        return [clean_origin(text) for text in env.list(name, default=[])]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error


def ports(env: environ.Env, name: str, *, default: str) -> frozenset[int] | None:
    """Return the port numbers of a list with commas, None for ``any``; refuse anything else."""
    text = env.str(name, default=default).strip()
    if text.lower() == "any":
        return None
    texts = [part for part in (each.strip() for each in text.split(",")) if part]
    if not all(each.isascii() and each.isdigit() and 0 < int(each[:6]) < 65_536 for each in texts):
        raise ImproperlyConfigured(f"{name} must be any, or list ports from 1 to 65535, such as 443,8443.")
    return frozenset(map(int, texts))


def development_secret(path: Path) -> str:
    """Return the secret of this checkout. The first use creates it, readable by its owner only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        if not path.exists():
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(LEAST_SECRET_LENGTH))
            # A rename would replace a key that another process has created meanwhile; link() fails instead.
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


def pooler_kind(name: str) -> str:
    """Return the kind of pooler in front of PostgreSQL, empty for none."""
    if name and name not in POOLERS:
        raise ImproperlyConfigured(
            f"DATABASE_POOLER must be transaction, or be left out without a pooler; it is {name!r}."
        )
    return name


def server_settings(statement_timeout: int) -> dict[str, str]:
    """Return the PostgreSQL settings that all our sessions need, ``statement_timeout`` in seconds."""
    return {
        "statement_timeout": f"{statement_timeout}s",
        "lock_timeout": LOCK_TIMEOUT,
        "idle_in_transaction_session_timeout": IDLE_TIMEOUT,
        **PLANNER,
    }


def database(
    url: str,
    *,
    pool_size: int,
    statement_timeout: int,
    prepared: bool,
    max_age: int = 0,
    pooler: str = "",
) -> dict[str, Any]:
    """Return Django's settings for a database URL.

    With a ``pool_size``, a process pools its connections; with a ``max_age`` in seconds, each thread keeps
    its own instead. ``prepared`` statements are not supported by some poolers. Behind a ``pooler`` nothing
    depends on the session, which each transaction may find changed. Errors do not repeat the URL, which may
    contain a password.
    """
    shape = "DATABASE_URL must read postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH"
    if not url.startswith(("postgres://", "postgresql://", "sqlite://")):
        raise ImproperlyConfigured(f"{shape}.")
    try:
        parsed: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"{shape}; the present one cannot be parsed.") from error
    if not parsed.get("NAME"):
        raise ImproperlyConfigured(f"{shape}; the present one names no database.")
    if parsed["ENGINE"] == "django.db.backends.sqlite3":
        parsed["ENGINE"] = "config.sqlite"
        options: dict[str, Any] = {
            # SQLite has no row locks. A transaction takes the write lock when it begins: one that reads first
            # and writes later would fail at once if another wrote meanwhile, whatever the timeout.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON",
        }
    else:
        parsed["ENGINE"] = "config.postgresql"
        options = {
            "connect_timeout": 3,
            # Not the server's default: the numbering of events must see all commits once it has its lock.
            "isolation_level": IsolationLevel.READ_COMMITTED,
            # Compiled reads are prepared at their third execution, since their many sub-selects take longer
            # to plan than to run. Django's own cursors never prepare.
            "prepare_threshold": 2 if prepared else None,
        }
        if pooler:
            # The role carries the settings instead: manage.py role_settings. A pooler refuses the start-up
            # options, or drops them. A cursor on the server would outlive its transaction, after which
            # another client has the connection.
            parsed["DISABLE_SERVER_SIDE_CURSORS"] = True
        else:
            settings = server_settings(statement_timeout).items()
            options["options"] = " ".join(f"-c {name}={value}" for name, value in settings)
        if pool_size and not max_age:
            # With the default of 5 minutes, the pool would back off and stay without connections for minutes
            # after the database is back. Given up after 3 s, the next request starts a new attempt.
            options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 3, "reconnect_timeout": 3}
    return {
        **parsed,
        "CONN_MAX_AGE": max_age,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options | parsed.get("OPTIONS", {}),
    }


def file_storage(kind: str, *, directory: str, bucket: str) -> dict[str, Any]:
    """Return Django's settings for the storage of uploaded files: ``local`` or ``s3``."""
    if kind == "local":
        options = {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
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
            # Downloads go through the product, not to the bucket; a signed URL that leaks soon expires.
            "querystring_expire": 60,
        },
    }


def redis_address(url: str) -> str:
    """Return the URL of Redis, empty for none. Errors do not repeat it: it may contain a password."""
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured("REDIS_URL must read redis://HOST:PORT/NUMBER.")
    return url
