"""Run writers at once, each in a thread and a connection of its own, for many rounds."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from tests.examples import examples

WRITERS = 16
#: The barrier makes a race of each, so that a few suffice; ``CRM_EXAMPLES=50`` runs fifty.
ROUNDS = examples(5)

#: What a writer does in a round, both given by their numbers.
Act = Callable[[int, int], object]


def rounds(act: Act, count: int = ROUNDS, *, writers: int = WRITERS) -> list[list[Any]]:
    """Return what each writer returned in each round; all writers begin a round together."""
    together = threading.Barrier(writers)

    def one(writer: int, turn: int) -> object:
        with connection.cursor() as cursor:
            # Who is right does not depend on how busy the machine is.
            cursor.execute("SET lock_timeout = '60s'")
        together.wait(timeout=60)
        return act(writer, turn)

    def leave(_writer: int) -> None:
        # The barrier gives one of these calls to each thread.
        together.wait(timeout=60)
        connection.close()

    with ThreadPoolExecutor(writers) as pool:
        try:
            return [list(pool.map(one, range(writers), [turn] * writers)) for turn in range(count)]
        finally:
            list(pool.map(leave, range(writers)))
