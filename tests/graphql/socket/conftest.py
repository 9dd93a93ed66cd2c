import dataclasses

import pytest

from crm.graphql.socket import bounds
from tests.events.layers import in_memory_layer, layer_in_use
from tests.graphql.socket.client import HOST


@pytest.fixture(autouse=True)
def _stream(transactional_db, settings):
    """Rows that threads can see, and a stream that no other run hears."""
    settings.ALLOWED_HOSTS = [HOST, "127.0.0.1"]
    with layer_in_use(in_memory_layer()):
        yield


@pytest.fixture
def limit(settings):
    """Set limits of sockets that open from now on."""

    def set_limits(**limits):
        assert limits.keys() <= {field.name for field in dataclasses.fields(bounds.SocketLimits)}
        settings.GRAPHQL_SOCKET_LIMITS = limits

    return set_limits
