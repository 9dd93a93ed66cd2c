"""Parts of the upkeep that a test makes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from crm.background import registry, rows
from crm.background.registry import Part

MakePart = Callable[..., Part]


@pytest.fixture
def make_part(monkeypatch: pytest.MonkeyPatch, db: None) -> MakePart:
    """Return a function that adds a part; while the test runs there are no others."""
    monkeypatch.setattr(registry, "_parts", {})

    def make(name: str, run: Callable[..., Any], *, every: timedelta = registry.DAILY) -> Part:
        part = Part(name=name, purpose=name, run=run, every=every)
        registry.register(part)
        rows.add_missing([part])
        return part

    return make
