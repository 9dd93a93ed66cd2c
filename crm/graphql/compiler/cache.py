"""A bounded memory of plans, shared between threads."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class PlanCache(Generic[Kept]):
    """What was used last, up to a number of entries."""

    def __init__(self, *, most: int) -> None:
        self._entries: OrderedDict[Hashable, Kept] = OrderedDict()
        self._most = most
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Give the entry of a key, made if it is not here."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]
        # Outside the lock: two threads may make the same plan, none waits for another's.
        made = make()
        with self._lock:
            self._entries[key] = made
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
        return made
