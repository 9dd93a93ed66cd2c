"""Which tests run here.

A test whose tool is missing is skipped; with CRM_REQUIRE_ALL=1 it fails.

The gate runs the suite twice. On PostgreSQL and Redis everything runs. On SQLite, with
CRM_DATABASE_TESTS_ONLY=1, only tests run that can come out differently there: those that use the database of
the run. The others are left out, since they would do the same a second time: tests without a database, tests
that start servers on a SQLite file of their own, tests of clients (Node.js, browsers), which see none, and
long walks through a rule that is Python above the database (``one_database``).
"""

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from config.gc_tuning import tune_gc

NODE_MODULES = Path(__file__).parent / "node" / "node_modules"
CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome"]
REQUIRES_ALL = os.environ.get("CRM_REQUIRE_ALL") == "1"
DATABASE_TESTS_ONLY = os.environ.get("CRM_DATABASE_TESTS_ONLY") == "1"
ALIKE = ("node", "browser", "one_database")
TESTS = Path(__file__).parent
ABOVE = {"admin", "notifications", "receivers", "routing", "sign_in", "tenants", "versions", "webhooks"}
WITH_STATEMENTS = {
    "admin/test_queries.py",
    "admin/test_search.py",
    "notifications/test_subscription.py",
    "receivers/test_concurrency.py",
    "receivers/test_replays.py",
    "sign_in/test_lockout.py",
    "tenants/test_lists.py",
    "versions/test_links.py",
    "webhooks/test_deliveries.py",
    "webhooks/test_worker.py",
}


def _missing_for_postgres() -> str | None:
    address = os.environ.get("TEST_DATABASE_URL", "")
    if address.startswith("postgres") and os.environ.get("TEST_REDIS_URL"):
        return None
    return "needs TEST_DATABASE_URL of PostgreSQL and TEST_REDIS_URL"


def _missing_for_node() -> str | None:
    if shutil.which("node") and NODE_MODULES.is_dir():
        return None
    return "needs Node.js and the packages of tests/node (npm install)"


def _missing_for_browser() -> str | None:
    if any(shutil.which(name) for name in CHROMIUM_NAMES):
        return None
    return "needs Chromium"


def find_pgbouncer() -> str:
    """Return the path of PgBouncer, empty without one; PGBOUNCER may name another than the system's."""
    # Debian has it where only root looks.
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    return shutil.which(os.environ.get("PGBOUNCER", "pgbouncer"), path=places) or ""


def find_dovecot() -> str:
    """Return the path of Dovecot, empty without it."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    return shutil.which("dovecot", path=places) or ""


def _missing_for_mailbox() -> str | None:
    return None if find_dovecot() and Path("/usr/lib/dovecot/imap").exists() else "needs Dovecot (IMAP)"


def _missing_for_pooler() -> str | None:
    return None if find_pgbouncer() else "needs PgBouncer"


MISSING = {
    "postgres": _missing_for_postgres,
    "node": _missing_for_node,
    "browser": _missing_for_browser,
    "pooler": _missing_for_pooler,
    "mailbox": _missing_for_mailbox,
}


def uses_database(item: pytest.Item) -> bool:
    """Return whether a test uses the database of the run, by its marker or by one of its fixtures."""
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or "django_db_setup" in fixtures


def is_above(path: Path) -> bool:
    """Return whether a file of tests is in a folder above the database, and does not run all the same."""
    if not path.is_relative_to(TESTS):
        return False
    place = path.relative_to(TESTS)
    return place.parts[0] in ABOVE and place.as_posix() not in WITH_STATEMENTS


def comes_out_alike(item: pytest.Item) -> bool:
    """Return whether a test does the same on every database."""
    return not uses_database(item) or is_above(item.path) or any(map(item.get_closest_marker, ALIKE))


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave files out before they are imported."""
    left_out = DATABASE_TESTS_ONLY and collection_path.suffix == ".py" and is_above(collection_path)
    return True if left_out and collection_path.name.startswith("test_") else None


def is_left_out(item: pytest.Item) -> bool:
    if item.get_closest_marker("walk") and "WALK" not in os.environ:
        return True
    return DATABASE_TESTS_ONLY and comes_out_alike(item)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if is_left_out(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not is_left_out(item)]


def pytest_collection_finish() -> None:
    # As servers do: of all that collecting made, nothing becomes garbage.
    tune_gc()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, missing in MISSING.items():
        reason = missing() if item.get_closest_marker(marker) else None
        if reason:
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test that is marked for a tool into a failure where all tools have to be there."""
    report = yield
    marked = any(item.get_closest_marker(marker) for marker in MISSING)
    if REQUIRES_ALL and marked and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must run where CRM_REQUIRE_ALL=1. {reason}"
    return report
