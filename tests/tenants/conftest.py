"""The two companies that look alike."""

import pytest

from tests.tenants.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()
