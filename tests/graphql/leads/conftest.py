"""Fixtures of the tests of leads."""

import pytest

from leads.signals import lead_changed


@pytest.fixture
def heard():
    """Give the list of the events of leads that are announced during a test."""
    events = []

    def listen(*, event, **_):
        events.append(event)

    lead_changed.connect(listen, dispatch_uid="test")
    yield events
    lead_changed.disconnect(dispatch_uid="test")
