"""Runs one piece of work at a time in a thread, while its caller goes on."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Background:
    """A thread that is started with the first piece of work."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None

    @property
    def is_busy(self) -> bool:
        return self._running is not None and not self._running.done()

    def start(self, work: Callable[[], None]) -> None:
        """Begin a piece of work, after the one before has ended.

        :raises Exception: what the one before has raised.
        """
        self.wait()
        if self._threads is None:
            self._threads = ThreadPoolExecutor(max_workers=1)
        self._running = self._threads.submit(work)

    def wait(self) -> None:
        """Wait for the end of the work.

        :raises Exception: what it has raised, once.
        """
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def close(self) -> None:
        """Wait for the end of the work, whatever it raises, and end the thread."""
        self._running = None
        if self._threads is not None:
            self._threads.shutdown()
