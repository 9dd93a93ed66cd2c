"""Fixtures of the tests of the servers."""

from collections.abc import Iterator

import pytest

from tests.server.clients import Client


@pytest.fixture(autouse=True)
def _closed_clients() -> Iterator[None]:
    yield
    while Client.opened:
        Client.opened.pop().close()
