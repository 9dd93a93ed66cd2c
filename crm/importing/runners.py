"""Identifies the process that runs an import, so that others on its machine see when it is dead."""

import os
import socket
from contextlib import suppress
from pathlib import Path


def this_process() -> str:
    """Return the machine, the number and the start of this process."""
    return f"{_machine()} {os.getpid()} {_start_of(os.getpid())}"


def _machine() -> str:
    """Return the name of the machine, with the namespace of its process numbers where it has several."""
    space = ""
    with suppress(OSError):
        space = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    return f"{socket.gethostname()}/{space}"


def is_dead(runner: str) -> bool:
    """Return whether a process is certainly gone; that of another machine is never certain."""
    machine, _, rest = runner.rpartition(" ")[0].rpartition(" ")
    number, start = rest, runner.rpartition(" ")[2]
    if machine != _machine() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    # The number may belong to a later process by now.
    return _start_of(int(number)) != start


def described(runner: str) -> str:
    """Return a process for a message."""
    parts = runner.split(" ")
    machine = parts[0].partition("/")[0]
    return f"process {parts[1]} on {machine}" if len(parts) == 3 else "another process"


def _start_of(number: int) -> str:
    """Return when a process started, in ticks since the machine did; empty where the system does not say."""
    with suppress(OSError, IndexError):
        # The name of the program, in brackets, may hold spaces.
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        # A process that ended, and whose parent has not asked for its code yet.
        return "" if fields[0] == "Z" else fields[19]
    return ""
