"""Fixtures that the whole suite shares."""

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from crm.models import Company
from tests.factories.crm import Actors, Tenant
from tests.factories.crm import tenant as make_tenant
from tests.unrendered import unrendered_pages

pytest_plugins = [
    "tests.emptying",
    "tests.instrumented",
    "tests.migrated",
    "tests.module_world",
    "tests.requirements",
]

# No test fails because the machine is busy.
hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")


@pytest.fixture
def tenant(db: None) -> Tenant:
    """A company that is set up, with a member of each role."""
    return make_tenant()


@pytest.fixture
def company(tenant: Tenant) -> Company:
    return tenant.company


@pytest.fixture
def actors(tenant: Tenant) -> Actors:
    return tenant.actors


@pytest.fixture
def other_tenant(db: None, tenant: Tenant) -> Tenant:
    """Another company, set up likewise, for what must not be seen."""
    return make_tenant("Other")


@pytest.fixture
def other_company(other_tenant: Tenant) -> Company:
    return other_tenant.company


@pytest.fixture
def other_actors(other_tenant: Tenant) -> Actors:
    return other_tenant.actors


@pytest.fixture
def unrendered() -> Iterator[None]:
    """Have pages answer without rendering their templates: for what is in status and ``context_data``."""
    with unrendered_pages():
        yield


@pytest.fixture
def standard_executor(settings: Any) -> None:
    """Have no read compiled, as on SQLite: for what the standard executor does by itself."""
    settings.GRAPHQL_COMPILED_READS = False
