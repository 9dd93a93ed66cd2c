"""Ends a command after what it has in hand."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: What a shell reports for a program that a signal ended.
SIGNAL_BASE = 128


@contextmanager
def until_signal() -> Iterator[tuple[threading.Event, list[int]]]:
    """Yield an event that the first SIGINT or SIGTERM sets, and the list of signals that were received.

    The second signal has its usual effect.
    """
    stopped, received = threading.Event(), list[int]()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, _frame: object) -> None:
        received.append(number)
        # By a thread: the one that was interrupted may hold the lock of the event.
        threading.Thread(target=stopped.set, daemon=True).start()
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield stopped, received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
