"""The guide: its examples verify real messages, and it names every field."""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from crm.models.webhooks import CHOSEN_TYPES
from crm.webhooks.retrying import DELAYS
from leads.graphql.webhooks import CONTENT, VERSION
from leads.services.leads import create_lead
from tests.patience import PATIENCE_SECONDS
from tests.webhooks.conftest import work

GUIDE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
BLOCKS = dict(re.findall(r"^```(python|javascript|json)\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE))
JAVASCRIPT = """
const [secret, headers, body] = JSON.parse(await new Response(process.stdin).text());
console.log(isGenuine(secret, headers, Buffer.from(body, "base64")));
"""

pytestmark = pytest.mark.django_db(transaction=True)


def python_says(secret, request, body):
    names: dict[str, Any] = {}
    exec(BLOCKS["python"], names)
    return names["is_genuine"](secret, request.headers, body)


def javascript_says(secret, request, body):
    given = json.dumps([secret, request.headers, base64.b64encode(body).decode()])
    code = BLOCKS["javascript"] + JAVASCRIPT
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", code],
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.stderr == ""
    return {"true\n": True, "false\n": False}[done.stdout]


@pytest.mark.parametrize(
    "says",
    [
        python_says,
        pytest.param(
            javascript_says,
            marks=pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js"),
        ),
    ],
)
def test_the_examples_verify_what_is_sent(endpoint, receiver, actors, says):
    create_lead({"title": "Ünïcode ✓"}, actor=actors.agent)
    work()

    [request] = receiver.received
    assert says(endpoint.secret, request, request.body)
    assert not says(endpoint.secret, request, request.body + b" ")
    assert not says("whsec_" + "A" * 43 + "=", request, request.body)
    request.headers["webhook-timestamp"] = str(int(request.headers["webhook-timestamp"]) - 301)
    assert not says(endpoint.secret, request, request.body)


def test_the_message_shown_has_the_shape_of_one(endpoint, receiver, actors):
    create_lead({"title": "Deal"}, actor=actors.agent)
    work()

    shown, sent = json.loads(BLOCKS["json"]), receiver.received[0].message
    assert set(shown) == set(sent)
    assert set(shown["data"]) == set(sent["data"])
    assert shown["data"]["version"] == VERSION
    assert set(shown["data"]["lead"]) < set(sent["data"]["lead"])


def test_every_field_of_the_content_is_named():
    named = set(re.findall(r"\w+", GUIDE))

    assert set(re.findall(r"\w+", CONTENT.partition("lead(id: $id)")[2])) - named == set()
    assert [kind for kind in CHOSEN_TYPES if f"`{kind}`" not in GUIDE] == []
    assert len(DELAYS) == 9
