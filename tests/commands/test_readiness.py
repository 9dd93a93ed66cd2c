"""Commands whose database is away or empty say so in one sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parent.parent.parent
COMMANDS = [
    ["create_company", "Acme", "--admin", "ada"],
    ["add_member", "ada", "--company", "1"],
    ["create_token", "ada"],
    ["revoke_token", "1"],
    ["import_people", "-", "--company", "1", "--as", "ada"],
]


def manage(arguments: list[str], database_url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "config.settings"},
        input="firstname\nAnn\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
def test_empty_database_is_told(arguments, tmp_path):
    ended = manage(arguments, f"sqlite:///{tmp_path}/empty.sqlite3")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.fullmatch(r"CommandError: \d+ migrations are waiting\. Run: manage\.py migrate\n", ended.stderr)


@pytest.mark.parametrize("arguments", [*COMMANDS[-1:], ["quickstart", "--no-serve"]], ids=lambda a: a[0])
def test_database_that_is_away_is_told(arguments):
    # Nobody listens on port 1.
    ended = manage(arguments, "postgres://crm:secret@127.0.0.1:1/crm")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("CommandError: The database does not answer (")
    assert ended.stderr.endswith("Check DATABASE_URL.\n")
    assert len(ended.stderr.splitlines()) == 1
    assert "secret" not in ended.stderr
