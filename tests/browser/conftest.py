"""Chromium for the tests of a module, and databases for the servers that it visits."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.place import Place, make_place
from tests.config.processes import DEVELOPMENT, environment
from tests.forks import Warm, warm
from tests.migrated import SERVER, drop
from tests.requirements import CHROMIUM_NAMES

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start Chromium, which takes longer than most tests; pages without a context have nothing in common."""
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop runs in the thread of the tests, where Django would refuse the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        launched = playwright.chromium.launch(executable_path=executable, args=OPTIONS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def server_environment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Return the environment of a server on a migrated database of its own.

    It is of the kind of the run: on PostgreSQL with Redis, or a file of SQLite, which ``request.param`` may
    also ask for.
    """
    folder = tmp_path_factory.mktemp("served")
    files = str(folder / "files")
    if getattr(request, "param", "") == "sqlite" or not (SERVER.scheme and os.environ.get("TEST_REDIS_URL")):
        shutil.copy(request.getfixturevalue("migrated_file"), folder / "db.sqlite3")
        yield environment(DEVELOPMENT, DATABASE_URL=f"sqlite:///{folder}/db.sqlite3", FILES_ROOT=files)
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    name = f"test_{SERVER.path.removeprefix('/')}_{request.module.__name__.rpartition('.')[2]}_{worker}"
    copy: Callable[[str], None] = request.getfixturevalue("copy_template")
    copy(name)
    yield environment(
        DEVELOPMENT,
        DATABASE_URL=SERVER._replace(path=f"/{name}").geturl(),
        FILES_ROOT=files,
        REDIS_PREFIX=name,
        REDIS_URL=os.environ["TEST_REDIS_URL"],
    )
    drop(name)


@pytest.fixture(scope="module")
def forking(server_environment: dict[str, str]) -> Iterator[Warm]:
    """Return the process that makes the company, and of which each server of the module is a fork."""
    with warm(server_environment) as process:
        yield process


@pytest.fixture(scope="module")
def server(forking: Warm) -> Iterator[ExitStack]:
    """Return the stack on which the server of the module stands, so that a test may restart it."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def place(chromium: Browser, forking: Warm, server: ExitStack) -> Place:
    """A served company with two members and some leads."""
    made = make_place(chromium, forking)
    made.serve(server)
    return made
