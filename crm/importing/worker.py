"""Runs waiting import jobs, in a command of its own or in a thread of a single-process server."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, close_old_connections

from crm.actors import Door
from crm.authentication import actor_for
from crm.errors import Forbidden, NotFound
from crm.importing import job_records
from crm.importing.jobs import run_job
from crm.models import ImportJob

SECONDS_BETWEEN_LOOKS = 2.0
logger = logging.getLogger(__name__)


def run_waiting_jobs(stopped: threading.Event) -> int:
    """Run the jobs that no runner works on, the oldest first, until stopped; return their number.

    A job whose user may no longer import fails, and says so.
    """
    done = 0
    for job in job_records.waiting_jobs():
        if stopped.is_set():
            break
        _run(job, stopped)
        done += 1
    return done


def _run(job: ImportJob, stopped: threading.Event) -> None:
    try:
        if job.user is None:
            raise NotFound
        actor = actor_for(job.user, job.company, door=Door.IMPORT)
        run_job(job, actor=actor, is_stopped=stopped.is_set)
    except (NotFound, Forbidden):
        job_records.finish(job, error="The user who started the import may no longer import.")


def work(stopped: threading.Event, *, seconds: float = SECONDS_BETWEEN_LOOKS) -> None:
    """Run waiting jobs repeatedly until stopped, retrying while the database is unavailable."""
    while not stopped.is_set():
        try:
            run_waiting_jobs(stopped)
        except DatabaseError:
            logger.exception("The import worker lost the database.")
        finally:
            # A lost connection is replaced at the next look.
            close_old_connections()
        stopped.wait(seconds)


@contextmanager
def import_worker_thread() -> Iterator[None]:
    stopped = threading.Event()
    thread = threading.Thread(target=work, args=(stopped,), name="imports", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(timeout=10)
