"""Compare the stream of leads with a ``subscribe()`` per subscriber and with a stream without a log.

``python -m benchmarks.stream`` makes a database of its own (``--database``, kept for the next time), starts
the servers on one core and the subscribers on the other, compares the messages of the servers, and changes
leads one after the other. It fails if a subscriber does not receive each event exactly once, in order. The
contenders without a log take part where Redis answers (``REDIS_URL``, by default on 127.0.0.1:6379).
"""

import argparse
import os
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.reads.machine import machine
from benchmarks.stream import course, crowds
from benchmarks.stream.report import report
from benchmarks.stream.servers import REDIS_PREFIX

#: A load average above which others use the machine too.
SHARED = 0.3


def main() -> None:
    """Run what the command line asks for, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream", description=__doc__)
    parser.add_argument("--database", default="postgres://postgres@127.0.0.1:5432/crm_stream")
    parser.add_argument("--subscribers", type=int, default=1_000)
    parser.add_argument(
        "--events", type=int, default=30, help="of each case in a round; the naive one: a tenth"
    )
    parser.add_argument("--sockets", type=int, default=5_000, help="that stand at a time; 0: leave it out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, help="a Markdown file to write the results into")
    options = parser.parse_args()
    load = os.getloadavg()[1]
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    # The servers inherit the limit.
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    redis = course.redis_address(os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0")
    there = crowds.prepare(
        options.database,
        redis=redis,
        redis_prefix=REDIS_PREFIX,
        subscribers=options.subscribers,
        sockets=options.sockets,
    )
    results = course.run(
        there,
        environment={"DATABASE_URL": options.database, "REDIS_URL": redis, "REDIS_PREFIX": REDIS_PREFIX},
        subscribers=options.subscribers,
        events=options.events,
        sockets=options.sockets,
        rounds=options.rounds,
    )
    text = report(results, title=f"The stream of leads, {datetime.now(UTC):%Y-%m-%d}", rounds=options.rounds)
    sys.stdout.write(text)
    if options.results:
        described = machine("The servers on one core, PostgreSQL's connections and subscribers on the other.")
        others = (
            f"The machine was {'shared: load' if load > SHARED else 'idle: load'} average {load:.1f} before."
        )
        files = f"{most_files} open files allowed to each process."
        options.results.write_text(f"{described} {others} {files}\n\n{text}")


if __name__ == "__main__":
    main()
