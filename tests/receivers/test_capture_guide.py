"""The commands of docs/capture.md, run as they stand against a server."""

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
from tests.test_docs import steady

GUIDE = (Path(__file__).parents[2] / "docs" / "capture.md").read_text()
BLOCK = re.compile(r"^```(sh|json|text)\n(.*?)^```", re.DOTALL | re.MULTILINE)
END = "--- end of block ---"

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("openssl") is None, reason="needs curl and openssl"
)


#: Ids of leads, which a trial uses up on one database and not on the other.
NUMBER = re.compile(r'(lead(?:_id"|": \{"id"|s")?:? )"?\d+"?')


def without_numbers(text: str) -> str:
    return NUMBER.sub(r"\1*", json.dumps(json.loads(text)) if text.startswith("{") else text)


def script(address: str, token: str) -> str:
    """Give the commands of the guide as one script, which tells where each block ends."""
    blocks = [text for kind, text in BLOCK.findall(GUIDE) if kind == "sh"]
    whole = "".join(f"{text}\necho\necho '{END}'\n" for text in blocks)
    whole = re.sub(r"^BASE=.*$", f"BASE={address}", whole, flags=re.MULTILINE)
    return re.sub(r"^TOKEN=.*$", f"TOKEN={token}", whole, flags=re.MULTILINE)


def shown() -> dict[int, tuple[str, str]]:
    """Give what the guide shows after a block of commands, by the number of the block."""
    answers: dict[int, tuple[str, str]] = {}
    number = -1
    for kind, text in BLOCK.findall(GUIDE):
        if kind == "sh":
            number += 1
        else:
            answers[number] = (kind, text)
    return answers


@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_commands_do_what_the_guide_shows(live_server):
    actor = newcomer()
    raw = new_raw_token()
    ApiTokenFactory(company=Company.objects.get(), user=User.objects.get(), raw=raw)
    assert actor.company_id == 1
    commands = script(live_server.url, raw)

    ended = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", commands],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    answers = [answer.strip() for answer in ended.stdout.split(END)]
    assert len(shown()) == 8
    for number, (kind, text) in shown().items():
        assert steady(without_numbers(answers[number])) == steady(without_numbers(text.strip())), number
        if kind == "text":
            assert len(set(answers[number].splitlines())) == 1
