"""The audits of npm's graphql-http, the reference implementation of GraphQL over HTTP, on the product."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.graphql.http import member, token_of
from tests.patience import PATIENCE_SECONDS

AUDIT = Path(__file__).parent / "node" / "audit.mjs"

pytestmark = [pytest.mark.node, pytest.mark.django_db(transaction=True)]


def audits(*arguments: str) -> list[dict[str, str]]:
    """Run the audits; give id, name, status and reason of each."""
    ended = subprocess.run(
        ["node", str(AUDIT), *arguments], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
    )
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_every_audit_passes_with_a_token(live_server):
    _, raw = token_of(member())

    found = audits(f"{live_server.url}/graphql", raw)

    assert [audit for audit in found if audit["status"] != "ok"] == []
    assert Counter(audit["name"].split()[0] for audit in found) == {"MUST": 13, "SHOULD": 23, "MAY": 25}


def test_without_a_token_only_audits_that_introspect_fail(live_server):
    found = audits(f"{live_server.url}/graphql")

    assert [audit["id"] for audit in found if audit["status"] != "ok"] == ["2EA1", "28B9", "D6D5", "6A70"]
