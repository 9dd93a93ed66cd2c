"""Measure the database time of forecasts and reports, over one year and over all leads.

``python -m benchmarks.reports [ROUNDS]`` calls the services in this process for a manager, who sees all
leads, and for an agent who sees a twelfth of them. The database is that of ``DATABASE_URL``
(``crm_reports`` on this machine unless it is set): made with 200,000 leads if it is missing, and given
deals if it has none. For each report it prints the number of statements, the time from sending them to
their answers, and the CPU time of PostgreSQL's process, which is the steadier figure on a busy machine:
the median of the rounds, and the smallest CPU time.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from benchmarks.reads.databases import prepare
from benchmarks.write_paths import cpu_of

ADDRESS = "postgres://postgres@127.0.0.1:5432/crm_reports"
LEADS, ROUNDS = 200_000, 7


def add_deals() -> None:
    """Fill amounts, dates, reasons and visits of the leads of the dataset in, unless they have them."""
    from django.db import connection

    from benchmarks.reports.deals import STATEMENTS
    from leads.models import StageVisit

    if StageVisit.objects.exists():
        return
    with connection.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement)


def reports(company: int) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name."""
    from django.utils import timezone

    from crm.actors import Actor, Door, Role
    from crm.models import Membership
    from leads.models import Lead
    from leads.services.forecast import forecast
    from leads.services.funnel import funnel
    from leads.services.report_days import Days, Length
    from leads.services.reports import Grouping, cycle_times, new_leads, outcomes
    from pipelines.models import Pipeline

    members = Membership.objects.filter(company=company)
    pipeline = Pipeline.objects.filter(company=company).order_by("pk")[0].pk
    manager = Actor(
        user_id=members.filter(role=Role.MANAGER)[0].user_id,
        company_id=company,
        role=Role.MANAGER,
        door=Door.COMMAND,
    )
    agent = replace(
        manager,
        user_id=members.filter(role=Role.AGENT)[0].user_id,
        role=Role.AGENT,
        company_sees_all_leads=False,
    )
    today = timezone.now().date()
    found: dict[str, Callable[[], object]] = {}
    year = Days.of_company(manager, today - timedelta(days=366), today)
    for name, actor in (("all leads", manager), ("own leads", agent)):
        for long, years in (("a year", 1), ("all", 2)):
            days = Days.of_company(actor, today - timedelta(days=366 * years), today + timedelta(days=30))
            ahead = Days.of_company(actor, today - timedelta(days=180), today + timedelta(days=366 * years))
            calls: dict[str, Callable[..., object]] = {
                "forecast by month": lambda actor, days, ahead: forecast(actor, ahead, Length.MONTH),
                "funnel": lambda actor, days, ahead: funnel(actor, days, pipeline_key=pipeline),
                "cycle time": lambda actor, days, ahead: cycle_times(actor, days),
                **{
                    f"by {by.value}": lambda actor, days, ahead, by=by: outcomes(actor, days, by)
                    for by in Grouping
                },
            }
            for report, call in calls.items():
                found[f"{report}, {long}, {name}"] = bound(call, actor, days, ahead)
        found[f"new leads, a year, {name}"] = bound(new_leads, actor, year)
        found[f"open amounts of stages, {name}"] = bound(
            lambda actor: list(Lead.objects.open_amounts(actor, "stage")), actor
        )
    return found


def bound(call: Callable[..., object], *arguments: Any) -> Callable[[], object]:
    return lambda: call(*arguments)


def measure(call: Callable[[], object], rounds: int) -> tuple[int, list[float], list[float]]:
    """Return the number of statements, and their milliseconds and CPU milliseconds by round."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone()
    statements, waited = 0, 0.0

    def timed(execute: Any, *arguments: Any) -> Any:
        nonlocal statements, waited
        started = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            waited += time.perf_counter() - started
            statements += 1

    times, cpu = [], []
    with connection.execute_wrapper(timed):
        # The first call fills the caches.
        for number in range(rounds + 1):
            statements, waited = 0, 0.0
            before = cpu_of(backend)
            call()
            if number:
                times.append(1000 * waited)
                cpu.append(1000 * (cpu_of(backend) - before))
    return statements, times, cpu


def main() -> None:
    """Measure, and print a table."""
    os.environ |= {
        "DJANGO_DEBUG": "false",
        "DJANGO_SECRET_KEY": "b" * 50,
        "DJANGO_ALLOWED_HOSTS": "localhost",
        "DATABASE_MAX_AGE": "600",
    }
    database = prepare(os.environ.get("DATABASE_URL", ADDRESS), leads=LEADS)
    add_deals()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    sys.stdout.write("| report | statements | ms | CPU ms | least CPU ms |\n|---|---|---|---|---|\n")
    for name, call in reports(database.company).items():
        statements, times, cpu = measure(call, rounds)
        figures = (statistics.median(times), statistics.median(cpu), min(cpu))
        sys.stdout.write(f"| {name} | {statements} | {' | '.join(f'{each:.1f}' for each in figures)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
