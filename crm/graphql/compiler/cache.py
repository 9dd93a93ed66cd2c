"""A bounded memory of plans, shared between threads."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from crm.graphql.documents.cache import SizedCache

Kept = TypeVar("Kept")


class PlanCache(Generic[Kept]):
    """What was used last, up to a sum of sizes, which are estimates in bytes."""

    def __init__(self, *, most: int) -> None:
        self._entries: SizedCache[Kept] = SizedCache(admit_on_second_use=True)
        self._most = most

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """The sum of the sizes of what is kept."""
        return self._entries.size

    def get(self, key: Hashable, make: Callable[[], Kept], *, size: Callable[[Kept], int]) -> Kept:
        """Give the entry of a key, made if it is not here.

        :param size: gives that of an entry, with all that it keeps alive.
        """
        found = self._entries.get(key)
        if found is None:
            # Two threads may make the same plan, none waits for another's.
            found = make()
            self._entries.put(key, found, size(found), most=self._most)
        return found
