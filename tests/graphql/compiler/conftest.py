"""Empty caches, since one that others have filled admits a plan only on its second use; and two companies."""

import copy

import pytest

from crm.actors import Actor
from crm.graphql.compiler import compile
from crm.graphql.documents import DocumentCache
from crm.graphql.documents.cache import SizedCache
from crm.graphql.execution import preparing
from tests.factories.crm import Tenant
from tests.factories.crm import tenant as make_tenant
from tests.graphql.compiler.worlds import everybody, fill, rename


@pytest.fixture(autouse=True)
def empty_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "_checked_documents", DocumentCache())
    monkeypatch.setattr(compile, "_plans", SizedCache(admit_on_second_use=True))


@pytest.fixture(scope="module")
def made_companies(module_transaction: None) -> list[Tenant]:
    """Create two companies with records of every kind."""
    companies = [make_tenant(), make_tenant("Other")]
    for seed, each in enumerate(companies):
        fill(each, seed=seed)
    rename(companies[0].company, 'Company "\u2028"')
    return companies


@pytest.fixture
def filled(made_companies: list[Tenant], db: None) -> Tenant:
    """Return one of two companies with records of every kind."""
    return copy.deepcopy(made_companies[0])


@pytest.fixture
def members(made_companies: list[Tenant], db: None) -> list[Actor]:
    """Return an actor for every kind of member of the two companies."""
    return everybody(*copy.deepcopy(made_companies))
