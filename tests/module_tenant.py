"""Fixtures that make the company of the tests once a module; a conftest imports them for its folder.

For folders without transactional tests whose every test works in one company: see tests/module_world.py.
"""

import copy

import pytest

from tests.factories.crm import Tenant
from tests.factories.crm import tenant as make_tenant


@pytest.fixture(scope="module")
def made_tenant(module_transaction: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def tenant(made_tenant: Tenant, db: None) -> Tenant:
    return copy.deepcopy(made_tenant)
