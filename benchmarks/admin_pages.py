"""The cost of pages of the admin: statements, time in the database and size, each within its bounds.

``python -m benchmarks.dataset --database URL --leads 200000`` makes the rows, then
``DATABASE_URL=URL python -m benchmarks.admin_pages`` reads each page some times as a manager and as an agent.
The milliseconds of the statements are the median, and hold the time in which processes waited for their
turn; the CPU time is that of the database's session, the same whatever else runs on the machine.
"""

import argparse
import gzip
import logging
import os
import re
import statistics
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.reads.contenders import PRODUCTION
from benchmarks.reads.load import cpu_seconds

ROUNDS = 7
HEAD = (
    "| page | as | statements | statements, ms | database CPU, ms | page, KB | with its files, KB |\n"
    "|---|---|---|---|---|---|---|\n"
)
#: A file that a page loads, compressed as it is sent; what styles load on their own is left out.
STATIC = re.compile(r'(?:src|href)="/static/([^"#?]+)')
#: Bounds: milliseconds of the database, and bytes of a page as it is sent.
MOST_MILLISECONDS = 50
MOST_BYTES = 150_000
PAGES = {
    "My day": "/admin/",
    "Board": "/admin/leads/lead/board/",
    "Board, my leads": "/admin/leads/lead/board/?owner=me",
    "Board, text": "/admin/leads/lead/board/?q=deal+1999",
    "Cards of a change": "/admin/leads/lead/board/cards/?ids=1,2,3",
    "Search": "/admin/search/?q=first42",
    "Search, phone": "/admin/search/?q=0012120042000",
    "Leads": "/admin/leads/lead/",
    "Leads, mine and open": "/admin/leads/lead/?owned=mine&open=yes",
    "Leads, text": "/admin/leads/lead/?q=deal+1999",
    "Leads, amounts": "/admin/leads/lead/?min=12.000,50&max=20000",
    "Leads, days": "/admin/leads/lead/?expected_from=2026-12-01",
    "Lead": "/admin/leads/lead/LEAD/change/",
    "New lead": "/admin/leads/lead/add/",
    "Where a lead moves": "/admin/leads/lead/LEAD/move/",
    "People": "/admin/people/person/",
    "Person": "/admin/people/person/PERSON/change/",
    "Organizations": "/admin/people/organization/",
    "Organization": "/admin/people/organization/ORGANIZATION/change/",
    "Tasks": "/admin/crm/activity/",
    "Calendar": "/admin/crm/activity/calendar/",
    "Calendar, month": "/admin/crm/activity/calendar/?view=month",
    "New task": "/admin/new/task/?q=deal+19",
    "Team": "/admin/leads/lead/team/",
    "Reports": "/admin/leads/lead/reports/",
    "Set-up": "/admin/set-up/",
    "Pipelines": "/admin/pipelines/pipeline/",
    "Notifications": "/admin/crm/notification/",
    "Imports": "/admin/imports/",
}
#: Pages that are not for agents.
OF_MANAGERS = frozenset({"Team", "Set-up", "Pipelines", "Imports"})
MEMBERS = {"manager": "larger-0", "agent": "larger-3"}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of one page."""

    statements: int
    milliseconds: float
    size: int
    #: Names of the static files that the page loads.
    files: frozenset[str]


def visit(client: Any, address: str) -> Cost:
    """Read a page, and time its statements."""
    from django.db import connection

    times: list[float] = []

    def timed(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(sql, parameters, many, context)
        finally:
            times.append(time.perf_counter() - begun)

    with connection.execute_wrapper(timed):
        answer = client.get(address)
    if answer.status_code != 200:
        sys.exit(f"{address} answers {answer.status_code}")
    return Cost(
        statements=len(times),
        milliseconds=sum(times) * 1000,
        size=len(gzip.compress(answer.content)),
        files=frozenset(STATIC.findall(answer.content.decode())),
    )


@cache
def size_of(name: str) -> int:
    """Return the size of a static file as it is sent."""
    from django.contrib.staticfiles import finders

    # In production with the sum of its content in its name.
    found = finders.find(re.sub(r"\.[0-9a-f]{12}(?=\.\w+$)", "", name))
    return len(gzip.compress(Path(str(found)).read_bytes()))


def session_of_database() -> int:
    """Return the process of PostgreSQL that serves this one."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def addresses(user: Any) -> dict[str, str]:
    """Return the addresses of all pages, with records of the member's company."""
    from leads.models import Lead
    from people.models import Organization, Person

    company = user.memberships.get().company
    kinds: dict[str, Any] = {"LEAD": Lead, "PERSON": Person, "ORGANIZATION": Organization}
    keys = {}
    for name, model in kinds.items():
        rows = model.objects.filter(company=company, deleted_at=None)
        own = rows.filter(owner=user, status__category="OPEN") if name == "LEAD" else rows
        keys[name] = own.order_by("-pk").values_list("pk", flat=True)[0]
    found = {}
    for title, address in PAGES.items():
        for name, key in keys.items():
            address = address.replace(name, str(key))
        found[title] = address
    return found


def main() -> None:
    """Print a table of all pages for each member."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.admin_pages", description=__doc__)
    parser.add_argument("--only", default="", help="a part of the titles of the pages to read")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # With debug on, pages load libraries with their comments.
    os.environ |= {**PRODUCTION, "DJANGO_ALLOWED_HOSTS": "testserver"}
    import django

    django.setup()
    from django.test import Client

    from crm.models import User

    # A line for each request would stand in the table.
    logging.disable(logging.INFO)
    sys.stdout.write(HEAD)
    is_over = False
    scripts: set[str] = set()
    for role, username in MEMBERS.items():
        user = User.objects.get(username=username)
        User.objects.filter(pk=user.pk).update(is_staff=True)
        client = Client()
        client.force_login(user)
        session = session_of_database()
        for title, address in addresses(user).items():
            if arguments.only not in title or (role == "agent" and title in OF_MANAGERS):
                continue
            # The first reads what a process reads once.
            visit(client, address)
            before = cpu_seconds([session])
            costs = [visit(client, address) for _ in range(ROUNDS)]
            used = (cpu_seconds([session]) - before) * 1000 / ROUNDS
            spent = statistics.median(cost.milliseconds for cost in costs)
            last = costs[-1]
            weight = last.size + sum(map(size_of, last.files))
            scripts |= {name for name in last.files if name.endswith(".js")}
            sizes = f"{last.size / 1000:.1f} | {weight / 1000:.1f}"
            figures = f"{last.statements} | {spent:.0f} | {used:.0f} | {sizes}"
            sys.stdout.write(f"| {title} | {role} | {figures} |\n")
            sys.stdout.flush()
            is_over |= used > MOST_MILLISECONDS or weight > MOST_BYTES
    sys.stdout.write(f"\nAll scripts together: {sum(map(size_of, scripts)) / 1000:.1f} KB.\n")
    if is_over:
        sys.exit(f"A page is over {MOST_MILLISECONDS} ms or {MOST_BYTES // 1000} KB.")


if __name__ == "__main__":
    main()
