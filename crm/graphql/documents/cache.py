"""What a process keeps of the documents used last: bounded by size, and safe to share between threads."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from crm.graphql.documents.parsing import Document

Kept = TypeVar("Kept")


#: Keys that a memory knows to have been here before, in each of two generations.
MOST_KNOWN = 10_000


class SizedCache(Generic[Kept]):
    """What was used last, up to a sum of sizes.

    :param admit_on_second_use: once full, whether a value has to come a second time before it pushes out
        others (TinyLFU's doorkeeper). Without it, documents that come once push out those that are used, and
        the constant churn makes Python search the whole heap for garbage.
    """

    def __init__(self, *, admit_on_second_use: bool = False) -> None:
        self._entries: OrderedDict[Hashable, tuple[Kept, int]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._is_wary = admit_on_second_use
        self._known: set[int] = set()
        self._known_before: set[int] = set()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """The sum of the sizes of what is kept."""
        return self._size

    def get(self, key: Hashable) -> Kept | None:
        """Give what is kept under a key, None if nothing is."""
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                return None
            self._entries.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Kept, size: int, *, most: int) -> None:
        """Keep a value; what was not used for longest goes, the value itself too if it is larger than all.

        A wary memory that is full keeps it only if it knows the key.
        """
        with self._lock:
            self._drop(key)
            if self._is_wary and self._size + size > most and not self._comes_again(key):
                return
            self._entries[key] = (value, size)
            self._size += size
            while self._size > most:
                self._drop(next(iter(self._entries)))

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._entries.clear()
            self._size = 0

    def _comes_again(self, key: Hashable) -> bool:
        # Of two keys with one hash, the second is taken for the first, which does no harm.
        number = hash(key)
        if number in self._known or number in self._known_before:
            return True
        if len(self._known) >= MOST_KNOWN:
            self._known_before, self._known = self._known, set()
        self._known.add(number)
        return False

    def _drop(self, key: Hashable) -> None:
        _, size = self._entries.pop(key, (None, 0))
        self._size -= size


class DocumentCache:
    """The documents used last, up to a sum of tokens."""

    def __init__(self) -> None:
        self._documents: SizedCache[Document] = SizedCache(admit_on_second_use=True)

    def __len__(self) -> int:
        return len(self._documents)

    @property
    def tokens(self) -> int:
        """The sum of the tokens of the documents that are kept."""
        return self._documents.size

    def get(self, key: Hashable, make: Callable[[], Document], *, most_tokens: int) -> Document:
        """Give the document of a key, made if it is not here; what ``make`` raises is not kept."""
        found = self._documents.get(key)
        if found is None:
            # Two threads may check the same document, none waits for another's.
            found = make()
            self._documents.put(key, found, found.tokens, most=most_tokens)
        return found
