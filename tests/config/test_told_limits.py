"""Answers tell of limits: points left, cost on request, and whether a mutation was replayed."""

import json
import re
from itertools import count

import pytest

from tests.caches import clear_cache
from tests.config.both_paths import NAMES, send
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

CREATE = 'mutation { createTag(input: { name: "Hot" }) { name } }'
PEOPLE = "{ peoples(first: 10) { data { id tags { name } } } }"
WIDE = "{ leads(first: 100) { data { duplicates { duplicates { duplicates { id } } } } } }"
FIELD = re.compile(r'"points";r=(\d+);t=(\d+)')


@pytest.fixture(params=["fast", "django"])
def path(request, both_paths):
    return getattr(both_paths, request.param)


@pytest.fixture
def limited(settings):
    clear_cache()
    settings.API_RATE_LIMIT = 4
    yield
    clear_cache()


def test_points_left_are_told(path, token, limited):
    left = []
    answers = [send(path, token) for _ in range(5)]
    for status, headers, _ in answers:
        assert headers["RateLimit-Policy"] == '"points";q=4;w=60'
        found = FIELD.fullmatch(headers["RateLimit"])
        assert found is not None
        left.append((status, int(found[1])))
        assert 1 <= int(found[2]) <= 60
        assert headers.get("Retry-After") == (found[2] if status == 429 else None)

    assert left == [(200, 3), (200, 2), (200, 1), (200, 0), (429, 0)]


def test_nothing_is_told_without_a_limit_or_without_a_charge(path, token, settings):
    assert "RateLimit" not in send(path, token)[1]
    settings.API_RATE_LIMIT = 4
    # A document that is refused costs no points.
    assert "RateLimit" not in send(path, token, {"query": "{ nothing }"})[1]


def ask(path, token, query, cost):
    status, _, body = send(path, token, {"query": query, "extensions": {"cost": cost}})
    return status, json.loads(body)


@pytest.mark.parametrize("is_compiled", [True, False])
def test_cost_is_told_on_request(path, token, settings, is_compiled):
    settings.GRAPHQL_COMPILED_READS = is_compiled
    told = {"requested": 61, "max": 5000, "points": 1}

    _, asked = ask(path, token, PEOPLE, True)
    assert (asked["extensions"], asked["data"]["peoples"]) == ({"cost": told}, {"data": []})
    assert "extensions" not in ask(path, token, PEOPLE, False)[1]
    assert "extensions" not in json.loads(send(path, token, {"query": PEOPLE})[2])


def test_cost_is_told_of_mutations_and_refusals(path, token):
    assert ask(path, token, CREATE, True)[1]["extensions"]["cost"]["requested"] == 1
    _, refused = ask(path, token, WIDE, True)
    assert refused["errors"][0]["extensions"]["limit"] == "cost"
    assert refused["extensions"]["cost"]["requested"] > refused["extensions"]["cost"]["max"] == 5000

    _, wrong = ask(path, token, NAMES, "yes")
    assert wrong["errors"][0]["message"] == "extensions.cost must be true or false."
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_replays_are_told(path, token):
    names = count()

    def create(key):
        query = f'mutation {{ createTag(input: {{ name: "Tag {next(names)}" }}) {{ name }} }}'
        return [
            send(path, token, {"query": query}, HTTP_IDEMPOTENCY_KEY=key)[1].get("Idempotent-Replayed")
            for _ in range(2)
        ]

    assert create("first") == [None, "true"]
    # A key that another request has used is refused, which is no replay.
    assert create("first") == [None, None]
    # Not even with a key is a query replayed.
    assert "Idempotent-Replayed" not in send(path, token, HTTP_IDEMPOTENCY_KEY="first")[1]
