"""Imports that are killed at any moment and run again: nothing twice, nothing half."""

import os
import random
import signal
import threading
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from crm.importing import claims, job_records, jobs
from crm.importing.processing import Processor
from crm.models import DuplicatePolicy, Event, HistoryEntry, ImportJob, ImportRow, ImportStatus, Tag
from people.models import Contact, Organization, Person
from tests.commands.running import Ended, run
from tests.factories.crm import Tenant
from tests.forked_calls import run_in_fork

IS_LONG = os.environ.get("CHAOS") == "long"
KILLS = 20 if IS_LONG else 3
#: So many that the file does not end before the last kill.
ROWS = 20 * KILLS
#: Rows of a file whose batches grow, and that has one event in all.
LARGE = 100_000 if IS_LONG else 1_200
#: Seconds, by the clock, within which a process is killed once it has stored a part of a large file.
LATEST = 1.0 if IS_LONG else 0.1
#: A kill comes after less than so many steps: rows, commits, and the end.
STEPS = 18

pytestmark = [pytest.mark.django_db(transaction=True)]


def content(rows: int = ROWS) -> str:
    """Return rows of which some are refused, and some mean the same person; all share organizations."""
    lines = ["firstname,email,phone,organization,tags"]
    for number in range(rows):
        same = number - number % 10 if number % 10 == 9 else number
        email = "bad" if number % 20 == 7 else f"p{same}@x.example"
        phone = f"+1 {212 + number // 10_000} 555 {number % 10_000:04}"
        lines.append(f"P{number},{email},{phone},Org {number % 3},T{number % 4}")
    return "\n".join(lines) + "\n"


def stored(tenant: Tenant) -> dict[str, Any]:
    """Return what the imports of a company have stored, without keys and times."""
    mine = {"company": tenant.company}
    people = Person.objects.filter(**mine).order_by("email", "pk", "tags__name")
    return {
        "people": list(people.values_list("name", "email", "version", "organizations__name", "tags__name")),
        "contacts": Counter(
            Contact.objects.filter(**mine).values_list("person__email", "type__name", "value")
        ),
        "organizations": sorted(Organization.objects.filter(**mine).values_list("name", "version")),
        "tags": sorted(Tag.objects.filter(**mine).values_list("name", flat=True)),
        "history": Counter(HistoryEntry.objects.filter(**mine).values_list("content_type__model", "kind")),
        "events": Counter(Event.objects.filter(**mine).values_list("entity", "kind")),
    }


def ledger(tenant: Tenant) -> list[Any]:
    rows = ImportRow.objects.filter(job__company=tenant.company).order_by("job", "number")
    return list(rows.values_list("number", "action", "key", "version_before", "version", "code"))


def load(path: Path, tenant: Tenant) -> Ended:
    company, user = str(tenant.company.pk), tenant.users["manager"].username
    return run("import_people", str(path), "--company", company, "--as", user)


def kill_at(moment: int, path: Path, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the command in a fork that kills itself at a moment: before a row, a commit or the end."""
    met = [0]

    def count(real: Any, *given: Any, **options: Any) -> Any:
        met[0] += 1
        if met[0] == moment:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **options)

    def act() -> None:
        for owner, name in ((Processor, "_process"), (job_records, "note_batch"), (job_records, "finish")):
            real = getattr(owner, name)
            wrapped = partial(count, real)
            if owner is Processor:
                monkeypatch.setattr(owner, name, lambda *given, wrapped=wrapped: wrapped(*given))
            else:
                monkeypatch.setattr(owner, name, wrapped)
        load(path, tenant)

    return run_in_fork(act)


def test_a_command_that_is_killed_again_and_again_ends_as_one_that_was_not(
    tenant, other_tenant, tmp_path, monkeypatch
):
    monkeypatch.setattr(jobs, "BATCH", 7)
    path = tmp_path / "people.csv"
    path.write_text(content())
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    for _ in range(KILLS):
        assert kill_at(chance.randrange(1, STEPS), path, tenant, monkeypatch) == -signal.SIGKILL, seed
        job = ImportJob.objects.get()
        assert (job.status, ImportRow.objects.count()) == (ImportStatus.RUNNING, job.processed), seed

    # The process that had the job is seen to be dead at once.
    ended = load(path, tenant)
    whole = load(path, other_tenant)

    assert (ended.code, whole.code) == (3, 3)
    job = ImportJob.objects.filter(company=tenant.company).latest("pk")
    assert (job.status, job.processed, job.failed) == ("COMPLETED", ROWS, ROWS // 20)
    assert stored(tenant) == stored(other_tenant), seed
    assert ledger(tenant)[:ROWS] == ledger(other_tenant), seed

    before = stored(tenant)
    again = load(path, tenant)
    assert again.lines == [f"0 created, {ROWS - ROWS // 20} unchanged, {ROWS // 20} failed, {ROWS} in all."]
    assert stored(tenant) == before


def kill_after(rows: int, seconds: float, path: Path, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the command in a fork that is killed by the clock once it has stored some rows."""
    real = jobs._store
    clocks: list[threading.Timer] = []

    def store(job: ImportJob, *given: Any) -> Any:
        if job.processed >= rows and not clocks:
            clocks.append(threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)))
            clocks[0].start()
        return real(job, *given)

    def act() -> None:
        monkeypatch.setattr(jobs, "_store", store)
        load(path, tenant)

    return run_in_fork(act)


def test_a_large_file_is_killed_by_the_clock_and_ends_as_one_that_was_not(
    tenant, other_tenant, tmp_path, monkeypatch
):
    path = tmp_path / "people.csv"
    path.write_text(content(LARGE))
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    for number in range(KILLS):
        stored_rows, seconds = number * LARGE // (KILLS + 1), chance.uniform(0, LATEST)
        assert kill_after(stored_rows, seconds, path, tenant, monkeypatch) == -signal.SIGKILL, seed
        job = ImportJob.objects.get()
        assert (job.status, ImportRow.objects.count()) == (ImportStatus.RUNNING, job.processed), seed

    ended, whole = load(path, tenant), load(path, other_tenant)

    assert (ended.code, whole.code) == (3, 3)
    assert stored(tenant) == stored(other_tenant), seed
    assert ledger(tenant) == ledger(other_tenant), seed
    if IS_LONG and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Row by row, as after every test, it takes longer than the drill.
            cursor.execute("TRUNCATE crm_company CASCADE")


def test_a_worker_that_is_dead_is_seen_at_once_and_a_living_one_is_told(actors, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_ROWS_AT_ONCE", 1)
    rows = [{"email": f"p{number}@x.example"} for number in range(4)]
    job = jobs.start_job(
        "PEOPLE", rows, actor=actors.manager, on_duplicate=DuplicatePolicy.UPDATE, dry_run=False
    )

    def die() -> None:
        claims.claim_next()
        os.kill(os.getpid(), signal.SIGKILL)

    assert run_in_fork(die) == -signal.SIGKILL
    dead = ImportJob.objects.get(pk=job.pk)
    assert (dead.status, dead.leased_by != "") == ("RUNNING", True)
    # On another machine it might live.
    ImportJob.objects.update(runner="another.example/1 2 3")
    beside = run("run_imports", "--once")
    ImportJob.objects.update(runner=dead.runner)
    ended = run("run_imports", "--once")

    assert beside.lines == ["0 imports run."]
    told = f"Import {job.uuid}: process 2 on another.example runs it until "
    assert [line.startswith(told) for line in beside.errors] == [True]
    assert beside.errors[0].endswith("UTC at least, 0 of 4 rows so far.")
    assert (ended.lines, ended.errors) == (["1 imports run."], [])
    assert Person.objects.count() == 4
