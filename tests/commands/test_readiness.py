"""Commands whose database is away or empty say so in one sentence."""

import re
from subprocess import CompletedProcess

import pytest

from tests.config.processes import DEVELOPMENT, environment, run_each

COMMANDS = [
    ["create_company", "Acme", "--admin", "ada"],
    ["add_member", "ada", "--company", "1"],
    ["create_token", "ada"],
    ["revoke_token", "1"],
    ["import_people", "-", "--company", "1", "--as", "ada"],
]


#: Commands that read the database beside those.
READING = [COMMANDS[-1], ["quickstart", "--no-serve"]]


def manage(commands: list[list[str]], database_url: str) -> dict[str, CompletedProcess[str]]:
    """Run commands on a database; return how each ended, by its name."""
    env = environment(DEVELOPMENT, DATABASE_URL=database_url, DJANGO_SETTINGS_MODULE="config.settings")
    ended = run_each([(["manage.py", *arguments], env) for arguments in commands], env=env)
    return {arguments[0]: each for arguments, each in zip(commands, ended, strict=True)}


@pytest.fixture(scope="module")
def on_empty(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CompletedProcess[str]]:
    return manage(COMMANDS, f"sqlite:///{tmp_path_factory.mktemp('empty')}/empty.sqlite3")


@pytest.fixture(scope="module")
def on_none() -> dict[str, CompletedProcess[str]]:
    # Nobody listens on port 1.
    return manage(READING, "postgres://crm:secret@127.0.0.1:1/crm")


@pytest.mark.parametrize("name", [arguments[0] for arguments in COMMANDS])
def test_empty_database_is_told(on_empty, name):
    ended = on_empty[name]

    assert (ended.returncode, ended.stdout) == (1, "")
    assert re.fullmatch(r"CommandError: \d+ migrations are waiting\. Run: manage\.py migrate\n", ended.stderr)


@pytest.mark.parametrize("name", [arguments[0] for arguments in READING])
def test_database_that_is_away_is_told(on_none, name):
    ended = on_none[name]

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("CommandError: The database does not answer (")
    assert ended.stderr.endswith("Check DATABASE_URL.\n")
    assert len(ended.stderr.splitlines()) == 1
    assert "secret" not in ended.stderr
