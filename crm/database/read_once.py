"""Reads once what stays as it is during a batch of many changes, such as the contact types of a company.

Outside of a batch everything is read each time. What is kept is shared: nobody may change it.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Value = TypeVar("Value")

_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("kept", default=None)


@contextmanager
def reading_once() -> Iterator[None]:
    """Keep what ``once`` reads for as long as the block runs."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def is_reading_once() -> bool:
    """Return whether a batch is under way."""
    return _kept.get() is not None


def once(key: Hashable, read: Callable[[], Value]) -> Value:
    """Return what a function reads; within a batch, what it has read first under this key."""
    kept = _kept.get()
    if kept is None:
        return read()
    if key not in kept:
        kept[key] = read()
    value: Value = kept[key]
    return value
