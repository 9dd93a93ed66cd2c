"""Databases that are migrated already: each run migrates one, and all others are copies of it.

The workers of a run, and the tests that start processes on a database of their own, share one migrated SQLite
file and, in a run on PostgreSQL, one migrated template database. Whoever asks first makes it, under a lock.

The SQLite file is kept in pytest's cache for later runs, until the product's code or its packages change.
"""

import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, run
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connections

from tests.config.processes import DEVELOPMENT, ROOT, environment
from tests.patience import PATIENCE_SECONDS

#: Names a directory of the run that all its workers see.
SHARED = "CRM_TESTS_SHARED"
SERVER = urlsplit(os.environ.get("TEST_DATABASE_URL", ""))
TEMPLATE = f"test_{SERVER.path.removeprefix('/')}_template"
#: Decide on what ``migrate`` makes: migrations, and models, whose permissions it writes.
CODE = ("config", "crm", "leads", "people", "pipelines")


def migrate(database_url: str) -> None:
    """Migrate a database in a process of its own."""
    done = run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--no-input"],
        cwd=ROOT,
        env=environment(
            DEVELOPMENT,
            DATABASE_STATEMENT_TIMEOUT="0",
            DATABASE_URL=database_url,
            DJANGO_SETTINGS_MODULE="config.settings",
            # With the tables of single sign-on, which the settings of the tests switch on.
            OIDC_CLIENT_ID="crm",
            OIDC_CLIENT_SECRET="client-secret",
            OIDC_ISSUER="http://127.0.0.1:9",
        ),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that the workers of this run share."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def drop(name: str) -> None:
    """Drop a database of PostgreSQL, whoever is connected to it."""
    execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def execute(statement: str) -> None:
    """Execute a statement on the server of PostgreSQL, outside its test databases."""
    with psycopg.connect(SERVER._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(statement)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[SHARED] = tempfile.mkdtemp(prefix="crm-tests-shared-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Clear away what the workers shared, once all of them have ended."""
    if not hasattr(config, "workerinput"):
        if template_marker().exists():
            drop(TEMPLATE)
        shutil.rmtree(os.environ.pop(SHARED))


def template_marker() -> Path:
    """Return the file that exists once the template database of this run does."""
    return Path(os.environ[SHARED], "template")


def fingerprint() -> str:
    """Return a digest of all that decides on a migrated database."""
    digest = hashlib.sha256()
    files = [file for folder in CODE for file in (ROOT / folder).rglob("*.py")]
    for file in sorted([*files, ROOT / "constraints.txt"]):
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="session")
def migrated_file(pytestconfig: pytest.Config) -> Path:
    """Return the migrated SQLite file, to be copied."""
    cache = getattr(pytestconfig, "cache", None)
    folder = cache.mkdir("migrated") if cache else Path(os.environ[SHARED])
    made: Path = folder / f"{fingerprint()}.sqlite3"
    with locked(folder / "lock"):
        if not made.exists():
            for old in folder.glob("*.sqlite3*"):
                old.unlink()
            # In the run's own folder: what an interrupted run leaves would be in the way of the next one.
            begun = Path(os.environ[SHARED], "migrated.sqlite3")
            migrate(f"sqlite:///{begun}")
            shutil.copy(begun, made.with_suffix(".begun"))
            made.with_suffix(".begun").rename(made)
    return made


@pytest.fixture(scope="session")
def template() -> Callable[[], AbstractContextManager[str]]:
    """Return a function that locks the migrated PostgreSQL database and yields its URL."""

    @contextmanager
    def hold() -> Iterator[str]:
        made = template_marker()
        url = SERVER._replace(path=f"/{TEMPLATE}").geturl()
        with locked(made.with_suffix(".lock")):
            if not made.exists():
                drop(TEMPLATE)
                execute(f'CREATE DATABASE "{TEMPLATE}"')
                migrate(url)
                made.touch()
            yield url

    return hold


@pytest.fixture(scope="session")
def copy_template(template: Callable[[], AbstractContextManager[str]]) -> Callable[[str], None]:
    """Return a function that makes a migrated PostgreSQL database of a given name."""

    def copy(name: str) -> None:
        with template():
            drop(name)
            execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')

    return copy


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, django_db_modify_db_settings_parallel_suffix: None
) -> Iterator[None]:
    """Have Django copy the migrated database where it would make an empty one and migrate it."""
    connection: Any = connections["default"]
    if request.getfixturevalue("django_db_keepdb"):
        yield
        return

    def create(*_arguments: Any, **_options: Any) -> str:
        name: str = connection.creation._get_test_db_name()
        if connection.vendor == "sqlite":
            shutil.copy(request.getfixturevalue("migrated_file"), name)
        else:
            request.getfixturevalue("copy_template")(name)
        return name

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection.creation, "_create_test_db", create)
        if connection.vendor == "postgresql":
            # On Django's own connection a slow DROP is ended by the statement timeout.
            patch.setattr(connection.creation, "_destroy_test_db", lambda name, _verbosity: drop(name))
        patch.setitem(connection.settings_dict["TEST"], "MIGRATE", False)
        yield
