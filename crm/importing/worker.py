"""Gives waiting import jobs their turns."""

import logging
import threading
from datetime import timedelta

from crm.actors import Door
from crm.authentication import actor_for
from crm.errors import Forbidden, NotFound
from crm.importing import claims, job_records, undo, undo_records
from crm.importing.jobs import run_claimed
from crm.importing.plans import PlanRefused
from crm.models import ImportJob, JobUndo

#: After so long the next job has its turn.
LONGEST_TURN_SECONDS = 30.0
#: How long a job waits after an unexpected exception.
AFTER_FAULT = timedelta(seconds=20)
#: A job is given up that was begun so often without a batch of it being stored.
MOST_STARTS = 10
logger = logging.getLogger(__name__)


def run_waiting_jobs(stopped: threading.Event) -> int:
    """Run the jobs that no runner works on until stopped; return the number of their turns."""
    turns = 0
    while not stopped.is_set() and run_next_job(stopped) is not None:
        turns += 1
    return turns


def run_next_job(stopped: threading.Event) -> ImportJob | None:
    """Claim the job that waits for the longest time; return it, None if none waits.

    A job whose user may no longer import fails, and says so.
    """
    job = claims.claim_next()
    if job is None:
        return None
    try:
        _run(job, stopped)
    except job_records.LeaseLost:
        logger.warning("Another process has taken over import %s.", job.uuid)
    except Exception:
        # A job that cannot be run must not keep the others.
        logger.exception("Import %s failed; it is tried again.", job.uuid)
        _postpone(job)
    return job


def _run(job: ImportJob, stopped: threading.Event) -> None:
    if job.undo == JobUndo.WAITING:
        _run_undo(job, stopped)
        return
    if job.starts > MOST_STARTS:
        job_records.finish(
            job,
            error=f"The import was begun {MOST_STARTS} times and got no further; the rows before are stored.",
        )
        return
    try:
        if job.user is None:
            raise NotFound
        actor = actor_for(job.user, job.company, door=Door.IMPORT)
        run_claimed(job, actor=actor, is_stopped=stopped.is_set, seconds=LONGEST_TURN_SECONDS)
    except (NotFound, Forbidden):
        job_records.finish(job, error="The user who started the import may no longer import.")
    except PlanRefused as refused:
        job_records.finish(job, error=refused.message)
    except FileNotFoundError:
        logger.exception("The file of import %s is gone.", job.uuid)
        job_records.finish(job, error="The uploaded file is gone: import it again.")


def _run_undo(job: ImportJob, stopped: threading.Event) -> None:
    user = job.undo_user
    try:
        if user is None or job.starts > MOST_STARTS:
            raise NotFound
        actor = actor_for(user, job.company, door=Door.IMPORT)
        undo.run_undo(job, actor=actor, is_stopped=stopped.is_set)
    except (NotFound, Forbidden):
        logger.warning("Import %s is not undone: nobody may, or it got no further.", job.uuid)
        undo_records.finish_undo(job, state=JobUndo.FAILED)


def _postpone(job: ImportJob) -> None:
    try:
        job_records.postpone(job, delay=AFTER_FAULT)
    except Exception:
        # The lease runs out by itself.
        logger.warning("Import %s could not be released; its lease runs out.", job.uuid)
