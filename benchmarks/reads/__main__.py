"""Compare the lists of the API with plain SQL and with other servers.

``python -m benchmarks.reads`` makes a database of its own (``--database``, kept for the next time), starts
the contenders on one core with PostgreSQL and wrk on the other, compares their answers, and prints medians of
interleaved rounds. Changes of leads are measured in a copy of the database, which is removed. ``--large``
measures among two million leads instead. It needs PostgreSQL, wrk (Debian: ``apt-get install wrk``) and the
extra ``bench``; PostGraphile takes part after ``npm install`` in ``benchmarks/postgraphile``.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.reads import databases, rounds
from benchmarks.reads.contenders import CONTENDERS, before
from benchmarks.reads.machine import machine
from benchmarks.reads.report import report
from benchmarks.reads.workloads import CHANGES, LARGE, WORKLOADS


def main() -> None:
    """Run what the command line asks for, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reads", description=__doc__)
    parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432/crm_reads")
    parser.add_argument("--large", action="store_true", help="two million leads, in a database of their own")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--workloads", nargs="*")
    parser.add_argument("--contenders", nargs="*", default=list(CONTENDERS))
    parser.add_argument("--before", type=Path, help="another checkout whose CRM takes part")
    parser.add_argument("--results", type=Path, help="a Markdown file to write the results into")
    arguments = parser.parse_args()
    address = f"{arguments.database}_2m" if arguments.large else arguments.database
    database = databases.prepare(address, leads=2_000_000 if arguments.large else 200_000)
    known = LARGE if arguments.large else WORKLOADS
    chosen = [each for each in known if arguments.workloads is None or each.name in arguments.workloads]
    contenders = [CONTENDERS[name] for name in arguments.contenders]
    if arguments.before:
        contenders.append(before(arguments.before))
    course = rounds.Course(contenders, rounds=arguments.rounds, seconds=arguments.seconds)
    title = (
        f"Reads and changes, {datetime.now(UTC):%Y-%m-%d}{', two million leads' if arguments.large else ''}"
    )
    medians = course.run(chosen, database)
    changes = [each for each in CHANGES if arguments.workloads is None or each.name in arguments.workloads]
    try:
        if changes and not arguments.large:
            with databases.copied(database) as copy:
                medians |= course.run(changes, copy)
    finally:
        # Print what was measured even if a later round fails: it took minutes.
        text = report(
            medians,
            title=title,
            rounds=arguments.rounds,
            seconds=arguments.seconds,
            ratios=course.ratios,
        )
        sys.stdout.write(text)
        if arguments.results:
            written = arguments.results.read_text() if arguments.results.exists() else f"{machine()}\n\n"
            arguments.results.write_text(written + text)


if __name__ == "__main__":
    main()
