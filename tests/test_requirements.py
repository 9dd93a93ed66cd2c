"""A test that is marked for a tool may be skipped where that is missing, but not in a run that has all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS
from tests.requirements import TESTS, WITH_STATEMENTS, is_above

ROOT = Path(__file__).parent.parent
SAMPLE = """
import pytest

@pytest.mark.postgres
def test_marked():
    pytest.skip("gone meanwhile")

def test_unmarked():
    pytest.skip("not here")
"""


def outcomes(directory: Path, **env: str) -> str:
    """Run the sample with the suite's own hooks, and give pytest's closing line."""
    sample = directory / "test_sample.py"
    sample.write_text(SAMPLE)
    plugins = [
        "-p",
        "tests.requirements",
        "-p",
        "no:cacheprovider",
        "-o",
        "markers=postgres",
    ]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, *plugins, str(sample)],
        cwd=ROOT,
        # None of the plugins that the suite has beside those, whose import took most of the time.
        env=os.environ | env | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    return ended.stdout.splitlines()[-1].partition(" in ")[0]


MISSING = {"TEST_DATABASE_URL": "", "TEST_REDIS_URL": ""}
PRESENT = {"TEST_DATABASE_URL": "postgres://localhost/crm", "TEST_REDIS_URL": "redis://localhost"}


@pytest.mark.parametrize("tools", [MISSING, PRESENT])
def test_a_skip_is_a_skip_elsewhere(tmp_path, tools):
    assert outcomes(tmp_path, CRM_REQUIRE_ALL="", **tools) == "2 skipped"


def test_a_missing_tool_is_an_error_where_all_are_required(tmp_path):
    assert outcomes(tmp_path, CRM_REQUIRE_ALL="1", **MISSING) == "1 skipped, 1 error"


def test_a_test_that_skips_itself_fails_where_all_are_required(tmp_path):
    assert outcomes(tmp_path, CRM_REQUIRE_ALL="1", **PRESENT) == "1 failed, 1 skipped"


def test_files_that_run_on_each_database_exist():
    # Else a file that is renamed would silently run on one alone.
    for place in WITH_STATEMENTS:
        assert (TESTS / place).exists(), place
        assert not is_above(TESTS / place), place
        assert is_above((TESTS / place).with_name("other.py")), place
    assert not is_above(TESTS / "services" / "test_files.py")
