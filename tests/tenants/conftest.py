"""The two companies that look alike, made once a module."""

import copy

import pytest

from tests.tenants.world import World, make_world


@pytest.fixture(scope="module")
def made_world(module_transaction: None) -> World:
    return make_world()


@pytest.fixture
def world(made_world: World, db: None) -> World:
    return copy.deepcopy(made_world)
