"""Compare the CPU time of imports with that of their baseline, on a machine that does other work as well.

``python -m benchmarks.import_cpu [people|leads] [--rows N] [--rounds N] [--profile]`` with ``DATABASE_URL``
of a PostgreSQL server on this machine. The clock says little where others work: CPU time says more.
It is that of this process and of its backend of PostgreSQL. ``--profile`` shows the functions of one import.
A first round is not counted: it loads modules, which an import of a size worth measuring does not notice.
"""

import argparse
import cProfile
import os
import pstats
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django

from benchmarks import imports
from config.gc_tuning import raise_thresholds

#: The rows of the first round.
FIRST_ROWS = 60


def cost(work: Callable[[], object], rows: int) -> tuple[float, float]:
    """Return the CPU time of Python and of PostgreSQL for each row, in microseconds."""
    begun, backend = time.process_time(), imports.backend_seconds()
    work()
    return (
        (time.process_time() - begun) / rows * 1_000_000,
        (imports.backend_seconds() - backend) / rows * 1_000_000,
    )


def pairs(
    what: str, directory: Path, rows: int, rounds: int
) -> list[tuple[Callable[[], object], Callable[[], object]]]:
    """Return the baseline and the import of each round, for two new companies each."""
    found: list[tuple[Callable[[], object], Callable[[], object]]] = []
    for number in range(rounds + 1):
        # Other people in each round: what was read of their addresses and numbers would be kept otherwise.
        people, leads = directory / f"people-{number}.csv", directory / f"leads-{number}.csv"
        size = rows if number else FIRST_ROWS
        imports.write_people(people, size, first=number * rows)
        imports.write_leads(leads, size, first=number * rows, organizations=max(1, rows // 10))
        theirs, ours = (imports.new_company(f"{name} {number}") for name in ("Baseline", "Import"))
        if what == "people":
            found.append(
                (partial(imports.people_baseline, people, theirs), partial(imports.import_file, people, ours))
            )
            continue
        for actor in (theirs, ours):
            imports.people_baseline(people, actor)
        agents = imports.with_rotation(theirs)
        imports.with_rotation(ours)
        found.append(
            (
                partial(imports.leads_baseline, leads, theirs, agents),
                partial(imports.import_file, leads, ours, kind="LEAD"),
            )
        )
    return found


def measure(what: str, directory: Path, rows: int, rounds: int, *, is_profiled: bool) -> None:
    from django.conf import settings

    from crm.importing import jobs

    # Batches as large as on a machine that does nothing else, where they last no longer than they work.
    vars(jobs)["time"] = SimpleNamespace(monotonic=time.process_time)
    # As an import of a size worth measuring: it has no event of each record.
    settings.IMPORT_SINGLE_EVENTS = min(settings.IMPORT_SINGLE_EVENTS, rows - 1)
    base: list[float] = []
    python: list[float] = []
    database: list[float] = []
    works = pairs(what, directory, rows, rounds)
    imports.analyze()
    for work in works[0]:
        work()
    if is_profiled:
        profile = cProfile.Profile()
        profile.runcall(works[1][1])
        pstats.Stats(profile).sort_stats("tottime").print_stats(60)
        return
    for baseline, own in works[1:]:
        base.append(sum(cost(baseline, rows)))
        of_python, of_database = cost(own, rows)
        python.append(of_python)
        database.append(of_database)
    ratio = statistics.median(
        one / (two + three) for one, two, three in zip(base, python, database, strict=True)
    )
    sys.stdout.write(
        f"{what}: {rows} rows; microseconds of CPU a row: baseline {_range(base)},"
        f" import {_range(python)} of Python and {_range(database)} of PostgreSQL; ratio {ratio:.3f}\n"
    )


def _range(times: list[float]) -> str:
    return f"{min(times):.0f} to {max(times):.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("people", "leads"), default="people", nargs="?")
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    given: Any = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    raise_thresholds()
    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as directory:
            measure(given.what, Path(directory), given.rows, given.rounds, is_profiled=given.profile)
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
