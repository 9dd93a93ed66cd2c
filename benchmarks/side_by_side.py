"""Compare the CPU time of requests of two checkouts, each with a database of its own.

``python -m benchmarks.side_by_side --before ../other --before-database URL --database URL`` starts a process
for each checkout, which sends requests to its own WSGI application, and has them work in turn, a block of
requests each. It prints the CPU time of a request, in that process and in PostgreSQL's, the median of the
ratios of neighbouring blocks with its quartiles, and the ratio of all of PostgreSQL's. The ratios are steady
on a busy machine. The databases are those of ``benchmarks.dataset`` with the tables of their checkouts; rows
in them are changed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reads.workloads import CHANGES, WORKLOADS, Workload

ROUNDS, BLOCK = 60, 20
REQUESTS = Path(__file__).with_name("requests_in_process.py")
#: A lead with an amount, for the triggers that sum amounts up.
VALUED = Workload(
    name="create-lead-amount",
    kind="leads",
    rows=1,
    total=False,
    changes="""mutation { createLead(input: { title: "Enterprise deal", people_id: 1, organization_id: 1,
        pipeline_stage_id: 1, amount: "1250.50", currency: "EUR" }) { id uuid title status { name } } }""",
)


@dataclass(frozen=True)
class Server:
    """A process of one checkout that is told how many requests to send."""

    process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, checkout: Path, database: str) -> "Server":
        environment = {
            **os.environ,
            "DATABASE_URL": database,
            "PYTHONPATH": str(checkout),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DJANGO_DEBUG": "false",
            "DJANGO_SECRET_KEY": "benchmark" * 8,
            "DJANGO_ALLOWED_HOSTS": "localhost",
            "API_RATE_LIMIT": "0",
            "DATABASE_MAX_AGE": "600",
            "DATABASE_POOL_SIZE": "0",
        }
        command = [str(checkout / ".venv/bin/python"), str(REQUESTS)]
        process = subprocess.Popen(
            command,
            cwd=checkout,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Each request is logged, as in production; nobody reads it here.
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return cls(process)

    def send(self, workload: Workload, first: int, number: int) -> tuple[float, float]:
        """Return the CPU milliseconds of a request, in the application and in PostgreSQL."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        body = {"query": workload.document, "variables": dict(workload.variables)}
        task = {"body": json.dumps(body), "first": first, "number": number}
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        try:
            here, there = json.loads(line)
        except ValueError:
            sys.exit(f"{workload.name} failed: {line}")
        return here, there


def measure(workload: Workload, servers: Sequence[Server], rounds: int) -> list[list[tuple[float, float]]]:
    """Return the figures of each server by round."""
    found: list[list[tuple[float, float]]] = [[] for _ in servers]
    # The first rounds fill caches and prepare statements.
    for number in range(-3, rounds):
        order = range(len(servers)) if number % 2 else reversed(range(len(servers)))
        for place in order:
            figures = servers[place].send(workload, (number + 3) * BLOCK, BLOCK)
            if number >= 0:
                found[place].append(figures)
    return found


def line(workload: Workload, before: list[tuple[float, float]], now: list[tuple[float, float]]) -> str:
    cells = [workload.name]
    for part in (0, 1):
        cells += [f"{statistics.median(each[part] for each in figures):.2f}" for figures in (before, now)]
    sums = [sum(own) / sum(base) for base, own in zip(before, now, strict=True)]
    here = [own[0] / base[0] for base, own in zip(before, now, strict=True)]
    low, middle, high = statistics.quantiles(sums, n=4)
    # The median passes over what one request in fifty does, such as folding tallies.
    means = [sum(each[1] for each in figures) for figures in (before, now)]
    cells += [f"{statistics.median(here):.3f}", f"{middle:.3f}", f"{low:.2f} to {high:.2f}"]
    cells.append(f"{means[1] / means[0]:.3f}")
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description=__doc__)
    parser.add_argument("--before", type=Path, default=Path(), help="the other checkout; this one by default")
    parser.add_argument("--before-database", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--workloads", nargs="*")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    servers = [
        Server.start(arguments.before.resolve(), arguments.before_database),
        Server.start(Path.cwd(), arguments.database),
    ]
    known = [*CHANGES, VALUED, *WORKLOADS]
    names = arguments.workloads or [each.name for each in CHANGES]
    sys.stdout.write(
        "| workload | app CPU ms before | now | database CPU ms before | now"
        " | ratio of the app | ratio of both | quartiles | ratio of the database's sums |\n"
        f"{'|---' * 9}|\n"
    )
    for workload in (each for each in known if each.name in names):
        sys.stdout.write(line(workload, *measure(workload, servers, arguments.rounds)))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
