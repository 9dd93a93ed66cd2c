"""Remembers which records met a subscription's filter, so that its clients hear when one leaves it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from crm.actors import Actor

#: Records remembered for one filter. One that more records meet is broad: its clients hear of much anyway.
MOST_REMEMBERED = 10_000


@dataclass(frozen=True, kw_only=True)
class Matching:
    """The keys of the records that met a filter when the log ended with the event ``seq``.

    ``keys`` is None if there are too many. With ``is_sure`` False nobody can say who met the filter before an
    event: it depends on the time, or could not be read.
    """

    keys: frozenset[int] | None
    seq: int
    is_sure: bool = True


class FilterMemory:
    """Which records a client may show that follows a filter, as the events of the log tell it."""

    def __init__(self, matching: Matching) -> None:
        self._is_sure = matching.is_sure
        self._inside = None if matching.keys is None else set(matching.keys)
        #: The records that were seen outside, with the event that told it; the oldest are forgotten.
        self._left: OrderedDict[int, int] = OrderedDict()
        self._known_from = matching.seq

    def may_show(self, key: int, *, since: int) -> bool:
        """Return whether a client that has all events up to ``since`` may still show a record.

        True where nobody can know: to hear of a removal in vain is harmless, not to hear of one is not.
        """
        if not self._is_sure:
            return True
        left = self._left.get(key)
        if left is not None:
            return left > since
        return self._inside is None or key in self._inside or since < self._known_from

    def note(self, key: int, seq: int, *, matches: bool) -> None:
        """Note whether a record met the filter when an event was answered."""
        if matches:
            self._left.pop(key, None)
            if self._inside is not None:
                self._inside.add(key)
                if len(self._inside) > MOST_REMEMBERED:
                    self._inside = None
        elif self.may_show(key, since=seq - 1):
            if self._inside is not None:
                self._inside.discard(key)
            self._left[key] = seq
            if len(self._left) > MOST_REMEMBERED:
                _, forgotten = self._left.popitem(last=False)
                self._known_from = max(self._known_from, forgotten)


class FilterTracker:
    """Reads a filter's memory when it is first needed, and anew after events were missed."""

    def __init__(self, read: Callable[[Actor, int], Coroutine[None, None, Matching]]) -> None:
        self._read = read
        self._loading: asyncio.Task[FilterMemory] | None = None

    @property
    def is_loading(self) -> bool:
        return self._loading is not None and not self._loading.done()

    def start(self, actor: Actor) -> None:
        """Read the records that meet the filter now, unless they are known."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._load(actor))

    async def ready(self) -> None:
        """Wait until what was started has been read, or could not be."""
        if self._loading is not None:
            await asyncio.wait({self._loading})

    async def memory(self, actor: Actor) -> FilterMemory:
        self.start(actor)
        loading = self._loading
        assert loading is not None
        # Shielded: others may wait for the same memory after this one has gone.
        return await asyncio.shield(loading)

    def forget(self) -> None:
        """Drop what is remembered: events were missed, or very many records changed at once."""
        self._loading = None

    def end(self) -> None:
        if self._loading is not None:
            self._loading.cancel()

    async def _load(self, actor: Actor) -> FilterMemory:
        return FilterMemory(await self._read(actor, MOST_REMEMBERED))
