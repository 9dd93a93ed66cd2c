"""What is compiled here finds room: what other tests left would have it come twice before it is kept."""

import pytest

from crm.graphql.compiler import compile
from crm.graphql.documents import DocumentCache
from crm.graphql.documents.cache import SizedCache
from crm.graphql.execution import preparing


@pytest.fixture(autouse=True)
def empty_memories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "_checked_documents", DocumentCache())
    monkeypatch.setattr(compile, "_plans", SizedCache(admit_on_second_use=True))
