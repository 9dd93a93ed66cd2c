"""The process that runs an import, as others see it, and its progress."""

import io
import os
import socket

import pytest

from crm.importing.runners import described, is_dead, this_process
from crm.management.import_progress import shown_progress


def test_a_process_of_this_machine_is_known_to_be_dead():
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    machine, own, start = this_process().split(" ")

    assert (machine.partition("/")[0], own) == (socket.gethostname(), str(os.getpid()))
    assert not is_dead(this_process())
    assert is_dead(f"{machine} {child} {start}")
    # The number belongs to a process that started later.
    assert is_dead(f"{machine} {own} {start}1")
    assert not is_dead(f"another.example {child} {start}")
    assert not any(map(is_dead, ("", "one", "one two")))
    assert described(this_process()) == f"process {own} on {socket.gethostname()}"
    assert described("") == "another process"


def test_progress_is_a_plain_line_every_few_seconds(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("crm.management.import_progress.time.monotonic", lambda: now[0])
    written: list[str] = []

    with shown_progress(io.StringIO(), done=40, total=1_000, write=written.append) as advance:
        for second in range(1, 12):
            now[0] = 100.0 + second
            advance(40 + 20 * second)

    assert written == [
        "140 of 1,000 rows, 20 a second, 43 s left",
        "240 of 1,000 rows, 20 a second, 38 s left",
    ]


@pytest.mark.parametrize("total", [0, 1_000])
def test_progress_on_a_terminal_is_a_bar(monkeypatch, total):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    stream, written = Terminal(), list[str]()

    with shown_progress(stream, done=0, total=total, write=written.append) as advance:
        advance(total)

    assert ("1000/1000" in stream.getvalue()) == bool(total)
    assert written == []
