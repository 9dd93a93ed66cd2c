"""Bounds of the caches of documents and plans; ``benchmarks/cache.py`` measures the memory of a process."""

import gc
import weakref

import pytest

from benchmarks.memory import Writer
from crm.graphql.compiler import compile
from crm.graphql.documents import Document, DocumentCache, parse_document
from crm.graphql.documents import cache as document_cache
from crm.graphql.documents.cache import SizedCache
from crm.graphql.execution import Operation, execute, prepare, preparing
from crm.graphql.execution.running import QUERY_AND_MUTATION
from crm.graphql.limits import Limits
from tests.clients import GraphQLSchema


def operation(number: int) -> Operation:
    writer = Writer(GraphQLSchema, number)
    text = writer.document()
    return Operation(query=text, variables=writer.variables)


def test_documents_are_cached_up_to_a_sum_of_tokens(actors, settings, monkeypatch):
    cache = DocumentCache()
    monkeypatch.setattr(preparing, "_checked_documents", cache)
    settings.GRAPHQL_LIMITS = {"kept_tokens": 2_000}
    alive: weakref.WeakSet[Document] = weakref.WeakSet()

    for number in range(400):
        alive.add(
            prepare(GraphQLSchema, operation(number), actor=actors.agent, allow=QUERY_AND_MUTATION).document
        )

    gc.collect()
    assert 2_000 - Limits().tokens // 2 < cache.tokens <= 2_000
    assert len(alive) == len(cache) < 100


@pytest.mark.postgres
def test_plans_are_cached_up_to_a_sum_of_bytes_with_their_documents(actors, settings, monkeypatch):
    documents = DocumentCache()
    plans: SizedCache[compile.Plan | str] = SizedCache(admit_on_second_use=True)
    monkeypatch.setattr(preparing, "_checked_documents", documents)
    monkeypatch.setattr(compile, "_plans", plans)
    monkeypatch.setattr(compile, "MOST_PLAN_BYTES", 4 * 2**20)
    settings.GRAPHQL_LIMITS = {"kept_tokens": 2_000}
    made: weakref.WeakSet[Document] = weakref.WeakSet()

    def parse_and_note(*given, **limits):
        document = parse_document(*given, **limits)
        made.add(document)
        return document

    monkeypatch.setattr(preparing, "parse_document", parse_and_note)

    for number in range(300):
        status, _ = execute(GraphQLSchema, operation(number), actor=actors.agent)
        assert status == 200

    gc.collect()
    assert 2 * 2**20 < plans.size <= 4 * 2**20
    assert len(documents) <= len(made) <= len(documents) + len(plans)


def test_values_that_come_once_do_not_evict_those_in_use(monkeypatch):
    monkeypatch.setattr(document_cache, "MOST_REJECTED", 50)
    cache: SizedCache[str] = SizedCache(admit_on_second_use=True)
    for number in range(10):
        cache.put(number, "used", 1, most=10)

    for number in range(10, 1_000):
        cache.put(number, "once", 1, most=10)
    assert [cache.get(number) for number in range(10)] == ["used"] * 10

    # It comes again while it is remembered as rejected.
    cache.put(999, "again", 1, most=10)
    assert (cache.get(999), cache.get(0), len(cache)) == ("again", None, 10)
    # This one came too long ago.
    cache.put(10, "long ago", 1, most=10)
    assert cache.get(10) is None
    assert len(cache._rejected) + len(cache._rejected_before) <= 100
