"""A receiver, endpoints that lead to it, and a worker that works when told to."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crm.events.sequencer import sequence
from crm.models import WebhookEndpoint
from crm.webhooks.dispatching import claim_endpoints
from crm.webhooks.endpoints import create_endpoint
from crm.webhooks.turns import take_turn
from tests.factories.crm import Actors
from tests.webhooks.receiving import Receiver, receiving

MakeEndpoint = Callable[..., WebhookEndpoint]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as listening:
        yield listening


@pytest.fixture
def make_endpoint(actors: Actors, receiver: Receiver) -> MakeEndpoint:
    """Give what makes an endpoint that leads to the receiver."""

    def make(**values: Any) -> WebhookEndpoint:
        actor = values.pop("actor", actors.admin)
        sequence()
        return create_endpoint(
            WebhookEndpoint(**{"name": "Receiver", "url": receiver.url, **values}), actor=actor
        )[0]

    return make


@pytest.fixture
def endpoint(make_endpoint: MakeEndpoint) -> WebhookEndpoint:
    return make_endpoint()


def work() -> int:
    """Do on this thread what a worker does now; give how many messages arrived."""
    sequence()
    return sum(take_turn(claim, threading.Event()) for claim in claim_endpoints(100))
