"""Compare imports with what PostgreSQL alone needs for the same rows, and show rate and memory.

``python -m benchmarks.imports [people|leads|alone] [--rows N] [--rounds N]`` with ``DATABASE_URL`` of a
PostgreSQL server makes a test database of its own and removes it. Each round takes two new companies, one for
the baseline (``import_baselines``) and one for the import, in turns; what is printed are medians. ``alone``
imports people without a baseline, on SQLite too.
"""

import argparse
import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import django

from benchmarks import import_baselines
from config.gc_tuning import raise_thresholds

#: One row in so many is another one in the file that is imported again.
CHANGED_ONE_IN = 100
#: The fields of ``/proc/PID/stat`` with the time in user mode and in the kernel, after the process name.
USER, KERNEL = 11, 12
#: Percentages of the agents of a rotation.
SHARES = (60, 40)


def write_people(path: Path, number: int, *, changed: bool = False, first: int = 0) -> None:
    """Write a file of people; ``changed`` gives one in a hundred another last name.

    :param first: the number of the first of them: other numbers are other people.
    """
    with path.open("w") as file:
        file.write("firstname,lastname,email,phone,tags,custom_fields.segment\n")
        for n in range(first, first + number):
            last = f"Last{n}" if not changed or n % CHANGED_ONE_IN else f"Other{n}"
            phone = f"+1 212 {2 + n // 1_000_000}{n // 10_000 % 100:02} {n % 10_000:04}"
            file.write(f"First{n % 5000},{last},p{n}@example.com,{phone},Tag{n % 10},S{n % 50}\n")


def write_leads(path: Path, number: int, *, first: int = 0, organizations: int = 1_000) -> None:
    """Write a file of leads of the people that ``write_people`` writes."""
    numbers = range(first, first + number)
    lines = (f"Deal {n},p{n}@example.com,Org {n % organizations},Proposal,{n % 997}.50" for n in numbers)
    path.write_text("\n".join(["title,person_email,organization,stage,amount", *lines]) + "\n")


def new_company(name: str) -> Any:
    """Return an actor who may import into a new company."""
    from crm.actors import Actor, Door, Role
    from crm.services.companies import find_or_create_user
    from leads.services.company_setup import set_up_company

    user, _ = find_or_create_user("benchmark")
    company = set_up_company(name, admin=user)
    return Actor(user_id=user.pk, company_id=company.pk, role=Role.ADMIN, door=Door.COMMAND)


def people_baseline(path: Path, actor: Any) -> None:
    from django.contrib.contenttypes.models import ContentType

    from people.models import ContactType, Person

    types = {row.kind: row.pk for row in ContactType.objects.filter(company=None)}
    import_baselines.run(
        import_baselines.PEOPLE,
        path,
        company=actor.company_id,
        user=actor.user_id,
        email_type=types["EMAIL"],
        phone_type=types["PHONE"],
        content_type=ContentType.objects.get_for_model(Person).pk,
    )


def import_file(path: Path, actor: Any, *, kind: str = "PEOPLE", dry_run: bool = False) -> Any:
    """Import a file as the command does, and return its summary."""
    from crm.importing.running import run_import
    from crm.records.registry import record_kind

    with path.open("rb") as file:
        return run_import(
            file,
            record_kind(kind).row_import,
            actor=actor,
            dry_run=dry_run,
            filename="file.csv",
            on_error=lambda error: sys.exit(f"A row was refused: {error}"),
        )


@dataclass(frozen=True)
class Cost:
    """Seconds of a piece of work: by the clock, and of the CPU for Python and for PostgreSQL."""

    clock: float
    python: float
    postgres: float

    @property
    def cpu(self) -> float:
        return self.python + self.postgres


def timed(work: Callable[[], object]) -> Cost:
    from django.db import connection

    is_postgres = connection.vendor == "postgresql"
    clock, python = perf_counter(), process_time()
    postgres = backend_seconds() if is_postgres else 0.0
    work()
    return Cost(
        perf_counter() - clock,
        process_time() - python,
        backend_seconds() - postgres if is_postgres else 0.0,
    )


def backend_seconds() -> float:
    """Return the CPU time that the backend of this connection has used, on this machine."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [process] = cursor.fetchone()
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[USER]) + int(fields[KERNEL])) / os.sysconf("SC_CLK_TCK")


def memory() -> float:
    """Return the highest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def analyze() -> None:
    """Bring the planner's figures up to date, as autovacuum does beside a longer load."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def report(name: str, rows: int, base: list[Cost], own: list[Cost]) -> None:
    """Print the medians: rates by the clock, and the CPU time of a row, which other work disturbs less."""
    ratio, of_cpu = (
        statistics.median(
            getattr(one, part) / getattr(other, part) for one, other in zip(base, own, strict=True)
        )
        for part in ("clock", "cpu")
    )
    rates = [rows / statistics.median(each.clock for each in costs) for costs in (base, own)]
    python, postgres, of_base = (
        statistics.median(getattr(each, part) for each in costs) / rows * 1_000_000
        for part, costs in (("python", own), ("postgres", own), ("cpu", base))
    )
    sys.stdout.write(
        f"{name}: {rows} rows; baseline {rates[0]:.0f}/s, import {rates[1]:.0f}/s, ratio {ratio:.3f};"
        f" CPU of a row: baseline {of_base:.0f} us, import {python:.0f} us of Python and {postgres:.0f} us of"
        f" PostgreSQL, ratio {of_cpu:.3f}; highest memory {memory():.0f} MB\n"
    )
    sys.stdout.flush()


def measure_people(directory: Path, rows: int, rounds: int) -> None:
    """Import new people, import the file again with one in a hundred changed, and try it in a dry run.

    Of a million rows each of the three takes long: what is known is printed after each.
    """
    first, second = directory / "first.csv", directory / "second.csv"
    write_people(first, rows)
    write_people(second, rows, changed=True)
    companies = [
        (new_company(f"Baseline {number}"), new_company(f"Import {number}")) for number in range(rounds)
    ]
    base: list[Cost] = []
    new: list[Cost] = []
    for number, (theirs, ours) in enumerate(companies):
        works = [(base, partial(people_baseline, first, theirs)), (new, partial(import_file, first, ours))]
        for costs, work in works if number % 2 else reversed(works):
            costs.append(timed(work))
        analyze()
    report("people, new", rows, base, new)
    again_base = [timed(partial(people_baseline, second, theirs)) for theirs, _ in companies]
    again = [timed(partial(import_file, second, ours)) for _, ours in companies]
    report("people, again with 1 % changed", rows, again_base, again)
    tried = [new_company(f"Dry {number}") for number in range(rounds)]
    dry = [timed(partial(import_file, first, actor, dry_run=True)) for actor in tried]
    report("people, dry run", rows, base, dry)


def with_rotation(actor: Any) -> list[int]:
    """Have a rotation of two agents take the new leads of a company; return the agents."""
    from crm.models import Membership
    from crm.services.companies import find_or_create_user
    from leads.models import LeadReceiver, LeadRotation, LeadRotationAgent

    other, _ = find_or_create_user("agent")
    Membership.objects.create(company_id=actor.company_id, user=other, role="AGENT")
    rotation = LeadRotation.objects.create(company_id=actor.company_id, name="Round")
    agents = [actor.user_id, other.pk]
    for agent, percent in zip(agents, SHARES, strict=True):
        LeadRotationAgent.objects.create(
            company_id=actor.company_id, rotation=rotation, user_id=agent, percent=percent
        )
    LeadReceiver.objects.filter(company_id=actor.company_id).update(rotation=rotation)
    return agents


def leads_baseline(path: Path, actor: Any, agents: list[int]) -> None:
    from django.contrib.contenttypes.models import ContentType

    from leads.models import Lead, LeadReceiver, LeadStatus

    import_baselines.run(
        import_baselines.LEADS,
        path,
        company=actor.company_id,
        user=actor.user_id,
        agents=", ".join(map(str, agents)),
        status=LeadStatus.objects.get(company=actor.company_id, is_default=True).pk,
        receiver=LeadReceiver.objects.filter(company=actor.company_id).earliest("pk").pk,
        content_type=ContentType.objects.get_for_model(Lead).pk,
    )


def measure_leads(directory: Path, rows: int, rounds: int) -> None:
    """Import leads of known people, with an organization, a stage, an amount and a rotation."""
    from leads.models import LeadRotationAgent

    people, leads = directory / "people.csv", directory / "leads.csv"
    write_people(people, rows)
    write_leads(leads, rows)
    base: list[Cost] = []
    new: list[Cost] = []
    for number in range(rounds):
        theirs, ours = new_company(f"Baseline {number}"), new_company(f"Import {number}")
        for actor in (theirs, ours):
            people_baseline(people, actor)
        agents = with_rotation(theirs)
        with_rotation(ours)
        analyze()
        base.append(timed(partial(leads_baseline, leads, theirs, agents)))
        new.append(timed(partial(import_file, leads, ours, kind="LEAD")))
        mine = LeadRotationAgent.objects.filter(company_id=ours.company_id).order_by("pk")
        shares = [hits * 100 / rows for hits in mine.values_list("hits", flat=True)]
        if max(abs(one - other) for one, other in zip(shares, SHARES, strict=True)) > 100 / rows:
            sys.exit(f"The shares of the rotation are wrong: {shares}.")
    report("leads", rows, base, new)


def measure_alone(directory: Path, rows: int, rounds: int) -> None:
    """Import new people without a baseline, for databases that have no COPY."""
    path = directory / "first.csv"
    write_people(path, rows)
    times = [timed(partial(import_file, path, new_company(f"Import {n}"))) for n in range(rounds)]
    rate = rows / statistics.median(each.clock for each in times)
    sys.stdout.write(f"people, new: {rows} rows; import {rate:.0f}/s; highest memory {memory():.0f} MB\n")


MEASURES = {"people": measure_people, "leads": measure_leads, "alone": measure_alone}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=MEASURES, default="people", nargs="?")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    raise_thresholds()
    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as directory:
            MEASURES[given.what](Path(directory), given.rows, given.rounds)
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
