"""Progress of an import on standard error: a bar on a terminal, else a plain line every few seconds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: Seconds between the lines for who is no terminal.
SECONDS = 5.0
#: Called with the number of rows that are done.
Advance = Callable[[int], None]


@contextmanager
def shown_progress(stream: Any, *, done: int, total: int, write: Callable[[str], None]) -> Iterator[Advance]:
    """Yield a function that shows how far an import is.

    :param stream: standard error.
    :param done: the rows that an earlier run has done.
    :param write: writes a plain line.
    """
    if total and getattr(stream, "isatty", lambda: False)():
        with _bar(stream, done, total) as advance:
            yield advance
    else:
        yield _lines(done, total, write)


@contextmanager
def _bar(stream: Any, done: int, total: int) -> Iterator[Advance]:
    # Loaded here: most commands have no use for it.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text("" if task.speed is None else f"{task.speed:,.0f} rows/s")

    console = Console(file=stream)
    columns = (BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, refresh_per_second=1) as progress:
        task = progress.add_task("rows", total=total, completed=done)
        yield lambda count: progress.update(task, completed=count)


def _lines(done: int, total: int, write: Callable[[str], None]) -> Advance:
    begun = told = time.monotonic()

    def advance(count: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told < SECONDS:
            return
        told = now
        rate = (count - done) / (now - begun)
        left = f", {_duration((total - count) / rate)} left" if rate else ""
        write(f"{count:,} of {total:,} rows, {rate:,.0f} a second{left}")

    return advance


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
