"""Cards and heads that are rendered once for an event, and sent to all boards that show the same.

Many boards ask for the same lead when it moves. A board names the event that it heard of; what was read after
that event answers it, whoever asked first. Kept for a moment only, in the process.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from threading import Lock
from typing import Any

from django.utils.translation import get_language

from crm.actors import Action, Actor
from crm.errors import BadUserInput
from crm.events import journal
from crm.events.cursor import Cursor, parse_cursor
from leads.services.board import Board

#: Seconds for which a card answers for others. What no event tells of, such as that a task is late now, is
#: shown at most so much later.
KEPT_SECONDS = 5.0
#: Seconds between two times that something is rendered for the same boards.
PAUSE_SECONDS = 1.0
MOST_KEPT = 2_000
#: The key of the heads of the columns, among those of leads.
HEADS = 0

Parts = Mapping[int, Any]


def scope_of(board: Board, day: Any, *, is_narrowed: bool) -> Hashable | None:
    """Return what boards have in common that show the same; None for a board that shares with no other."""
    actor: Actor = board.actor
    # Who sees only own leads, and whoever filters, shares with too few to keep it for them.
    if is_narrowed or not actor.sees_all_leads:
        return None
    may_move = actor.may(Action.CHANGE_LEADS)
    return actor.company_id, board.pipeline.pk, may_move, get_language(), day.today, str(day.zone)


def read_asked(text: str, most: int) -> dict[int, Cursor | None]:
    """Return the leads of ``5@CURSOR,7``, with the event after which each is to be read, if it is named."""
    asked: dict[int, Cursor | None] = {}
    for part in text.split(",")[:most]:
        key, _, after = part.partition("@")
        if not (key.isascii() and key.isdigit() and len(key) < 19):
            continue
        try:
            asked[int(key)] = parse_cursor(after) if after else None
        except BadUserInput:
            asked[int(key)] = None
    return asked


class SharedCards:
    """Keeps what was rendered a moment ago, with a position in the log of events after which it was read."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Hashable, int], tuple[float, Cursor, Any]] = OrderedDict()
        # One renders while the others wait for it: they ask at the same moment.
        self._lock = Lock()

    def get(
        self,
        scope: Hashable,
        asked: Mapping[int, Cursor | None],
        render: Callable[[Collection[int]], Parts],
    ) -> tuple[dict[int, Any], list[int]]:
        """Return the parts asked for, and the keys of those that are to be asked for again later.

        What nobody rendered since its event is rendered now. If something was a moment ago, it waits and is
        rendered with what comes until then: else each of many boards would find one more change to render.
        """
        with self._lock:
            found = {key: part for key, after in asked.items() for part in self._fresh(scope, key, after)}
            missing = [key for key in asked if key not in found]
            if not missing:
                return found, []
            heads = self._kept.get((scope, HEADS))
            is_named = all(asked[key] is not None for key in missing)
            if heads is not None and is_named and time.monotonic() - heads[0] < PAUSE_SECONDS:
                later = [key for key in missing if key != HEADS]
                return {HEADS: heads[2], **found}, later
            # Before the rows are read: they are at least as new as this.
            position = journal.end()
            made = render([*missing, HEADS])
            for key, part in made.items():
                self._kept[scope, key] = time.monotonic(), position, part
                self._kept.move_to_end((scope, key))
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return {**found, **made}, []

    def _fresh(self, scope: Hashable, key: int, after: Cursor | None) -> list[Any]:
        kept = self._kept.get((scope, key))
        if kept is None or after is None:
            return []
        made_at, position, part = kept
        is_after = position.epoch == after.epoch and position.seq >= after.seq
        return [part] if is_after and time.monotonic() - made_at < KEPT_SECONDS else []


shared_cards = SharedCards()
