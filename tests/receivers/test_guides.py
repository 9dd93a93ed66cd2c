"""Run the commands of the guides against a server."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from crm.models import Company, User
from crm.models.tokens import new_raw_token
from tests.factories.crm import ApiTokenFactory
from tests.newcomer import newcomer
from tests.patience import PATIENCE_SECONDS
from tests.test_docs import steady

DOCS = Path(__file__).parents[2] / "docs"
#: The guides, and how many answers each shows.
GUIDES = {"capture.md": 8, "guide.md": 10}
BLOCK = re.compile(r"^```(sh|json|text)\n(.*?)^```", re.DOTALL | re.MULTILINE)
END = "--- end of block ---"

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("openssl") is None, reason="needs curl and openssl"
)


#: Ids of leads, which a trial uses up on one database and not on the other.
NUMBER = re.compile(r'(lead(?:_id"|": \{"id"|s")?:? )"?\d+"?')


def without_numbers(text: str) -> str:
    return NUMBER.sub(r"\1*", json.dumps(json.loads(text)) if text.startswith("{") else text)


def script(guide: str, address: str, token: str) -> str:
    """Return the commands of the guide as one script, which marks the end of each block."""
    blocks = [text for kind, text in BLOCK.findall(guide) if kind == "sh"]
    whole = "".join(f"{text}\necho\necho '{END}'\n" for text in blocks)
    whole = re.sub(r"^BASE=.*$", f"BASE={address}", whole, flags=re.MULTILINE)
    return re.sub(r"^TOKEN=.*$", f"TOKEN={token}", whole, flags=re.MULTILINE)


def shown(guide: str) -> dict[int, tuple[str, str]]:
    """Return the output that the guide shows after each block of commands, by the number of the block."""
    answers: dict[int, tuple[str, str]] = {}
    number = -1
    for kind, text in BLOCK.findall(guide):
        if kind == "sh":
            number += 1
        else:
            answers[number] = (kind, text)
    return answers


@pytest.mark.parametrize("name", GUIDES)
@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_commands_print_what_the_guide_shows(live_server, tmp_path, name):
    guide = (DOCS / name).read_text()
    actor = newcomer()
    raw = new_raw_token()
    ApiTokenFactory(company=Company.objects.get(), user=User.objects.get(), raw=raw)
    assert actor.company_id == 1
    commands = script(guide, live_server.url, raw)

    ended = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", commands],
        env={"PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    answers = [answer.strip() for answer in ended.stdout.split(END)]
    assert len(shown(guide)) == GUIDES[name]
    for number, (kind, text) in shown(guide).items():
        assert steady(without_numbers(answers[number])) == steady(without_numbers(text.strip())), number
        if kind == "text":
            assert len(set(answers[number].splitlines())) == 1
