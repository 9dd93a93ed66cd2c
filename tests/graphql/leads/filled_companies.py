"""Two companies with leads for reports, made once a module; its tests import the fixtures."""

import copy
from typing import Any

import pytest

from tests.factories.crm import Tenant
from tests.factories.crm import tenant as make_tenant
from tests.graphql.leads.reports_world import fill


@pytest.fixture(scope="module")
def made_filled(request: pytest.FixtureRequest, module_transaction: None) -> Tenant:
    """Fill a company, and one whose leads must not be seen, with the seeds that the module names."""
    first, second = request.module.SEEDS
    made = make_tenant("Filled")
    fill(made, seed=first)
    fill(make_tenant("Elsewhere"), seed=second)
    return made


@pytest.fixture
def filled(made_filled: Tenant, db: None) -> Any:
    return copy.deepcopy(made_filled)
