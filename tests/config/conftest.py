"""A token, and the fast path beside Django."""

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from crm.services.tokens import create_token
from tests.config.both_paths import BothPaths


@pytest.fixture
def token(tenant):
    return create_token(tenant.users["admin"], tenant.company, name="program")[1]


@pytest.fixture
def closings(monkeypatch):
    """Keep the connection of the test's transaction, as Django's test client does; count the closings."""
    counted = []
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    monkeypatch.setattr("config.fast_path.close_old_connections", lambda: counted.append(1))
    yield counted
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture
def both_paths(closings):
    return BothPaths(get_wsgi_application())
