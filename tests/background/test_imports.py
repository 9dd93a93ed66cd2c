"""Imports as a part of the work: leases, turns, and jobs that cannot be run."""

import logging
import threading
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError

from crm.background import rows
from crm.background.registry import RUNNING, parts
from crm.background.worker import run_import
from crm.importing import job_records, jobs, worker
from crm.importing.processing import Processor
from crm.importing.uploads import start_file_job
from crm.importing.worker import MOST_STARTS, run_next_job, run_waiting_jobs
from crm.models import DuplicatePolicy, ImportJob, ImportRowError, ImportStatus, WorkPart
from people.models import Person
from tests.file_samples import upload
from tests.leases import pass_time, taken
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def make_job(actors, monkeypatch):
    """Return a function that stores a job of 6 rows, of which the second is refused, in batches of 2."""
    monkeypatch.setattr(jobs, "MOST_ROWS_AT_ONCE", 1)
    monkeypatch.setattr(jobs, "BATCH", 2)

    def make(mark: str = "p", *, dry_run: bool = False) -> ImportJob:
        given = [{"email": f"{mark}{number}@example.com"} for number in range(6)]
        given[1] = {"email": "no address"}
        return jobs.start_job(
            "PEOPLE", given, actor=actors.manager, on_duplicate=DuplicatePolicy.CREATE, dry_run=dry_run
        )

    return make


def fresh(job: ImportJob) -> ImportJob:
    return ImportJob.objects.get(pk=job.pk)


@pytest.mark.parametrize(
    ("module", "name", "dry_run"),
    [
        (jobs, "import_kind", False),
        (job_records, "finish", False),
        (None, "batch", False),
        (jobs, "import_kind", True),
        (jobs, "try_all", True),
    ],
)
def test_a_runner_that_stood_still_stores_nothing_beside_the_one_that_took_over(
    make_job, monkeypatch, caplog, module, name, dry_run
):
    """It wakes up after another has run the job to its end: at its start, before a batch, at its end."""
    job, looks, real = make_job(dry_run=dry_run), [], getattr(module or jobs, name, print)

    def stand_still() -> None:
        pass_time(ImportJob)
        monkeypatch.undo()
        monkeypatch.setattr(jobs, "BATCH", 2)
        assert run_next_job(threading.Event()) == job

    def called(*given: Any, **options: Any) -> Any:
        stand_still()
        return real(*given, **options)

    class Stopped(threading.Event):
        def is_set(self) -> bool:
            looks.append(1)
            if module is None and len(looks) == 2:
                stand_still()
            return False

    if module is not None:
        monkeypatch.setattr(module, name, called)
    assert run_next_job(Stopped()) == job

    assert f"Another process has taken over import {job.uuid}." in caplog.text
    stored = fresh(job)
    assert (stored.status, stored.processed, stored.created, stored.failed) == ("COMPLETED", 6, 5, 1)
    assert ImportRowError.objects.filter(job=job).count() == 1
    assert Person.objects.count() == (0 if dry_run else 5)


def test_jobs_take_turns(make_job, monkeypatch):
    """A long import does not keep a short one for hours."""
    monkeypatch.setattr(worker, "LONGEST_TURN_SECONDS", -1.0)
    first, second = make_job("a"), make_job("b")

    ran = [run_next_job(threading.Event()) for _ in range(4)]

    assert ran == [first, second, first, second]
    # A turn that is over before it began stores nothing, and so does not count as a start either.
    assert [(each.processed, each.starts) for each in map(fresh, (first, second))] == [(0, 0), (0, 0)]
    monkeypatch.setattr(worker, "LONGEST_TURN_SECONDS", 30.0)
    assert run_waiting_jobs(threading.Event()) == 2
    assert Person.objects.count() == 10


def test_a_job_that_fails_keeps_no_other_and_is_given_up_in_the_end(make_job, monkeypatch, caplog):
    bad, good = make_job("bad"), make_job("good")
    store = Processor._process

    def refuse(processor: Processor, given: Any, *rest: Any) -> Any:
        if processor._job == bad and given.record.number == 5:
            raise RuntimeError("a fault")
        return store(processor, given, *rest)

    monkeypatch.setattr(Processor, "_process", refuse)
    with caplog.at_level(logging.ERROR):
        assert run_waiting_jobs(threading.Event()) == 2

    assert f"Import {bad.uuid} failed; it is tried again." in caplog.text
    assert (fresh(good).status, fresh(good).created) == ("COMPLETED", 5)
    stored = fresh(bad)
    assert (stored.status, stored.processed, stored.created, stored.leased_by) == ("RUNNING", 4, 3, "")
    for _ in range(MOST_STARTS + 1):
        ImportJob.objects.update(leased_until=None)
        run_waiting_jobs(threading.Event())
    stored = fresh(bad)
    assert (stored.status, stored.processed) == ("FAILED", 4)
    assert stored.error == "The import was begun 10 times and got no further; the rows before are stored."
    assert Person.objects.filter(email__startswith="bad").count() == 3


def test_a_job_whose_file_is_gone_says_so(actors, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_ROWS_AT_ONCE", 1)
    job = start_file_job(
        upload("people.csv", b"email\na@example.com\nb@example.com\n"),
        "PEOPLE",
        actor=actors.manager,
        mapping=None,
        on_duplicate=DuplicatePolicy.CREATE,
        dry_run=False,
    )
    default_storage.delete(ImportJob.objects.values_list("payload__file", flat=True).get())

    run_waiting_jobs(threading.Event())

    stored = fresh(job)
    assert (stored.status, stored.error) == (
        ImportStatus.FAILED,
        "The uploaded file is gone: import it again.",
    )


def test_a_dry_run_that_is_stopped_notes_nothing_and_begins_again(make_job, monkeypatch):
    job = make_job(dry_run=True)
    stopped, store = threading.Event(), Processor._process

    def stop_at_4(processor: Processor, given: Any, *rest: Any) -> Any:
        if given.record.number == 4:
            stopped.set()
        return store(processor, given, *rest)

    monkeypatch.setattr(Processor, "_process", stop_at_4)
    run_next_job(stopped)
    assert (fresh(job).processed, fresh(job).leased_by) == (0, "")
    assert not ImportRowError.objects.exists()

    run_waiting_jobs(threading.Event())
    assert (fresh(job).status, fresh(job).processed, fresh(job).failed) == ("COMPLETED", 6, 1)


@pytest.mark.parametrize(("most", "is_due"), [(6, True), (7, False)])
def test_a_large_import_renews_the_statistics(make_job, monkeypatch, most, is_due):
    monkeypatch.setattr("crm.background.worker.MANY_ROWS", most)
    rows.add_missing(parts().values(), RUNNING)
    rows.finish(taken("statistics"), parts()["statistics"], {}, milliseconds=1)
    make_job()

    assert [run_import(threading.Event()), run_import(threading.Event())] == [True, False]

    assert WorkPart.objects.filter(name="statistics").due().exists() == is_due


@pytest.mark.parametrize(("sqlstate", "times", "stored"), [("40P01", 1, 5), ("55P03", 4, 5), ("57P01", 1, 0)])
def test_a_batch_that_another_writer_stops_begins_anew(make_job, monkeypatch, sqlstate, times, stored):
    class Stopped(Exception):
        def __init__(self) -> None:
            self.sqlstate = sqlstate

    job, real, raised = make_job(), Processor._process, list[int]()

    def process(processor: Processor, given: Any, *rest: Any) -> Any:
        # In the middle of the first batch, whose first row is stored by then.
        if given.record.number == 2 and len(raised) < times:
            raised.append(1)
            raise OperationalError from Stopped()
        return real(processor, given, *rest)

    monkeypatch.setattr(Processor, "_process", process)
    run_next_job(threading.Event())

    assert (fresh(job).created, Person.objects.count()) == (stored, stored)
