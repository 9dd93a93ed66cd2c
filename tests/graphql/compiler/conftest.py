"""Empty caches: a cache that other tests have filled would admit a plan only on its second use."""

import pytest

from crm.graphql.compiler import compile
from crm.graphql.documents import DocumentCache
from crm.graphql.documents.cache import SizedCache
from crm.graphql.execution import preparing


@pytest.fixture(autouse=True)
def empty_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "_checked_documents", DocumentCache())
    monkeypatch.setattr(compile, "_plans", SizedCache(admit_on_second_use=True))
