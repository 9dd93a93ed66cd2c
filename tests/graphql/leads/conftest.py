"""Fixtures of the tests of leads."""

import pytest

from leads.signals import lead_changed
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]


@pytest.fixture
def events():
    """A list that receives the lead events of a test as they are signalled."""
    received = []

    def listen(*, event, **_):
        received.append(event)

    lead_changed.connect(listen, dispatch_uid="test")
    yield received
    lead_changed.disconnect(dispatch_uid="test")
