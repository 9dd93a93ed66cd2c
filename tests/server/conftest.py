"""Fixtures of the tests of the servers."""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.migrated import drop
from tests.server.clients import Client
from tests.server.sites import Site, rude_site


@pytest.fixture(autouse=True)
def _closed_clients() -> Iterator[None]:
    yield
    while Client.opened:
        Client.opened.pop().close()


@pytest.fixture(scope="module")
def site(copy_template: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    name = f"crm_rude_{os.getpid()}"
    copy_template(name)
    try:
        with rude_site(tmp_path_factory.mktemp("site"), name) as site:
            yield site
    finally:
        drop(name)
