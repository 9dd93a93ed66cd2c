"""A receiver, endpoints that lead to it, and a function that works as the worker does."""

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
    """Return a function that creates an endpoint for the receiver."""

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
    """Work on this thread as a worker does, and return how many messages were accepted."""
    sequence()
    return sum(take_turn(claim, threading.Event()) for claim in claim_endpoints(100))
