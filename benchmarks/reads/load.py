"""Load and its measure: wrk asks, and /proc tells the CPU time that server and database took for it."""

import os
import re
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("post.lua")
TICKS = os.sysconf("SC_CLK_TCK")
#: When the first change may have been made.
SINCE = int(time.time())
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Measure:
    """One round: requests a second, milliseconds of latency, and milliseconds of CPU for each request."""

    rate: float
    median: float
    slowest: float
    app: float
    database: float


def median(measures: list[Measure]) -> Measure:
    return Measure(
        *(statistics.median(getattr(each, name) for each in measures) for name in Measure.__annotations__)
    )


def measure(
    url: str, *, body: Path, token: str, clients: int, seconds: int, core: int, app: int, database: list[int]
) -> Measure:
    """Ask with some clients at a time for some seconds.

    :param core: where wrk runs.
    :param app: the process whose tree serves; ``database`` are those of PostgreSQL's.
    :raises RuntimeError: if an answer held an error.
    """
    before = cpu_seconds([app]), cpu_seconds(database)
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency"]
    said = subprocess.run(
        [*command, "-s", str(SCRIPT), url],
        env={**os.environ, "BODY": str(body), "TOKEN": token, "SINCE": str(SINCE)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    after = cpu_seconds([app]), cpu_seconds(database)
    if "BAD ANSWERS: 0" not in said or "Socket errors" in said:
        raise RuntimeError(f"{url} answered with errors:\n{said}")
    # None is answered in time where one takes longer than the round.
    requests = max(1, int(_found(r"(\d+) requests in", said)))
    spent = [(now - then) / requests * 1000 for now, then in zip(after, before, strict=True)]
    return Measure(
        float(_found(r"Requests/sec:\s+([\d.]+)", said)), _latency("50", said), _latency("95", said), *spent
    )


def processes_of(pid: int) -> list[int]:
    """Return the ids of a process and of all its descendants."""
    below = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [pid, *(found for child in below.split() for found in processes_of(int(child)))]


def cpu_seconds(roots: list[int]) -> float:
    """Return the CPU seconds that processes and their descendants have used so far."""
    ticks = 0
    for pid in {each for root in roots for each in processes_of(root)}:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        # User and system time, and those of children that ended.
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICKS


def _latency(percentile: str, said: str) -> float:
    number, unit = re.search(rf"P{percentile} ([\d.]+)(us|ms|s)", said).groups()  # type: ignore[union-attr]  # the script prints it
    return float(number) * UNITS[unit]


def _found(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    if match is None:
        raise RuntimeError(f"wrk said something else:\n{said}")
    return match[1]
