"""Least recently used caches, bounded by size and shared between threads (ADR 23)."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from crm.graphql.documents.parsing import Document

Value = TypeVar("Value")


#: Rejected keys that a cache remembers, in each of two generations.
MOST_REJECTED = 10_000


class SizedCache(Generic[Value]):
    """The values that were used last, up to a sum of sizes.

    With ``admit_on_second_use`` a full cache rejects a value that comes for the first time (TinyLFU's
    doorkeeper): documents that come once would evict those in use, and keep the garbage collector busy.
    """

    def __init__(self, *, admit_on_second_use: bool = False) -> None:
        self._entries: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._admit_on_second_use = admit_on_second_use
        # Hashes of keys, not keys: those of plans would keep their documents alive.
        self._rejected: set[int] = set()
        self._rejected_before: set[int] = set()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        return self._size

    def get(self, key: Hashable) -> Value | None:
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            self._entries.move_to_end(key)
            return found[0]

    def get_or_make(
        self, key: Hashable, make: Callable[[], Value], *, size: Callable[[Value], int], most: int
    ) -> Value:
        """Return the value of a key, made if it is not cached; its size counts all that it keeps alive."""
        found = self.get(key)
        if found is None:
            # Outside of the lock: two threads may make the same value, but none waits for another's.
            found = make()
            self.put(key, found, size(found), most=most)
        return found

    def put(self, key: Hashable, value: Value, size: int, *, most: int) -> None:
        """Cache a value, and evict those that were not used for longest until the sum is at most ``most``."""
        with self._lock:
            self._drop(key)
            if self._admit_on_second_use and self._size + size > most and not self._was_rejected(key):
                return
            self._entries[key] = (value, size)
            self._size += size
            # A value larger than ``most`` evicts all others and, last, itself.
            while self._size > most:
                self._drop(next(iter(self._entries)))

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._size = 0

    def _was_rejected(self, key: Hashable) -> bool:
        """Return whether a key was rejected before, and remember that it is now."""
        # Two keys with one hash count as one, which only admits a value too early.
        number = hash(key)
        if number in self._rejected or number in self._rejected_before:
            return True
        if len(self._rejected) >= MOST_REJECTED:
            self._rejected_before, self._rejected = self._rejected, set()
        self._rejected.add(number)
        return False

    def _drop(self, key: Hashable) -> None:
        _, size = self._entries.pop(key, (None, 0))
        self._size -= size


class DocumentCache:
    def __init__(self) -> None:
        self._documents: SizedCache[Document] = SizedCache(admit_on_second_use=True)

    def __len__(self) -> int:
        return len(self._documents)

    @property
    def tokens(self) -> int:
        return self._documents.size

    def get(self, key: Hashable, make: Callable[[], Document], *, most_tokens: int) -> Document:
        """Return the document of a key, and make it if it is not cached; errors of ``make`` are not."""
        return self._documents.get_or_make(key, make, size=lambda made: made.tokens, most=most_tokens)
