import dataclasses

import pytest
from channels.db import database_sync_to_async

from crm.graphql.websocket import bounds
from tests.events.layers import in_memory_layer, layer_in_use
from tests.events.small_schema import Gate
from tests.graphql.websocket.client import HOST, member


@pytest.fixture(autouse=True)
def _stream(settings):
    """A channel layer of its own for each test."""
    settings.ALLOWED_HOSTS = [HOST, "127.0.0.1"]
    with layer_in_use(in_memory_layer()):
        yield


@pytest.fixture
def agent(transactional_db):
    """A member with a token, whose rows the socket's threads can see."""
    return member()


@pytest.fixture
def make_member(transactional_db):
    """Make further members, from within a running loop."""
    return database_sync_to_async(member)


@pytest.fixture
def gate():
    """The closed gate at which resolvers called ``wait`` wait."""
    Gate.reset()
    yield Gate
    Gate.opened.set()


@pytest.fixture
def limit(settings):
    """Set limits of sockets that open from now on."""

    def set_limits(**limits):
        assert limits.keys() <= {field.name for field in dataclasses.fields(bounds.SocketLimits)}
        settings.GRAPHQL_SOCKET_LIMITS = limits

    return set_limits
