"""Chromium for the tests of a module, and a served company."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.place import MAKING, Place
from tests.config.processes import DEVELOPMENT, ROOT, environment
from tests.e2e.servers import free_port
from tests.patience import PATIENCE_SECONDS
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
def server() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def place(
    server: ExitStack, chromium: Browser, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Place:
    folder = tmp_path_factory.mktemp("board")
    shutil.copy(migrated_file, folder / "db.sqlite3")
    env = environment(DEVELOPMENT, DATABASE_URL=f"sqlite:///{folder}/db.sqlite3")
    made = subprocess.run(
        [sys.executable, "-c", MAKING],
        cwd=ROOT,
        env={**env, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    ).stdout
    leads = dict(re.findall(r"LEAD (\w+) (\d+)", made))
    token = re.findall(r"TOKEN (\S+)", made)[0]
    place = Place(chromium, env, free_port(), leads, token)
    place.serve(server)
    return place
