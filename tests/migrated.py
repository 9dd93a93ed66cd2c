"""Databases that are migrated already: each run migrates one, and all others are copies of it.

The workers of a run, and the tests that start processes on a database of their own, share one migrated SQLite
file and, in a run on PostgreSQL, one migrated template database. Whoever asks first makes it, under a lock.
"""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


def migrate(database_url: str) -> None:
    """Migrate a database in a process of its own."""
    done = run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
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


@pytest.fixture(scope="session")
def migrated_file() -> Path:
    """Return the migrated SQLite file, to be copied."""
    made = Path(os.environ[SHARED], "migrated.sqlite3")
    with locked(made.with_suffix(".lock")):
        if not made.exists():
            begun = made.with_suffix(".begun")
            migrate(f"sqlite:///{begun}")
            begun.rename(made)
    return made


@pytest.fixture(scope="session")
def copy_template() -> Callable[[str], None]:
    """Return a function that makes a migrated PostgreSQL database of a given name."""

    def copy(name: str) -> None:
        made = template_marker()
        with locked(made.with_suffix(".lock")):
            if not made.exists():
                drop(TEMPLATE)
                execute(f'CREATE DATABASE "{TEMPLATE}"')
                migrate(SERVER._replace(path=f"/{TEMPLATE}").geturl())
                made.touch()
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
