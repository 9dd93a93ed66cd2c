"""The results as a table, with the machine that they were measured on."""

import os
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.reads.load import Measure

HEAD = (
    "| workload | contender | requests/s | of the limit | p50 ms | p95 ms | app CPU ms | database CPU ms |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def report(medians: Mapping[tuple[str, str], Measure], *, rounds: int, seconds: int) -> str:
    """Give the table of the medians, by workload and contender."""
    lines = [
        f"# Reads, {datetime.now(UTC):%Y-%m-%d}\n\n{machine()}\n",
        f"{rounds} rounds of {seconds} s each.\n\n",
        HEAD,
    ]
    for (workload, contender), found in medians.items():
        limit = medians.get((workload, "limit"))
        share = f"{found.rate / limit.rate:.2f}" if limit else ""
        lines.append(
            f"| {workload} | {contender} | {found.rate:.0f} | {share} | {found.median:.1f}"
            f" | {found.slowest:.1f} | {found.app:.2f} | {found.database:.2f} |\n"
        )
    return "".join(lines)


def machine() -> str:
    """Describe the machine and what runs on it."""
    from django.db import connection

    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        [server] = cursor.fetchone()
    packages = ", ".join(f"{name} {version(name)}" for name in ("django", "graphene-django", "psycopg"))
    processor = model[1] if model else platform.machine()
    return (
        f"{os.cpu_count()} cores ({processor}), Python {platform.python_version()}, PostgreSQL {server},"
        f" {packages}. The server on one core, PostgreSQL and wrk on the other."
    )
