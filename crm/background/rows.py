"""The rows of the parts of the work: claimed under a lease, and written only by who has it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from crm.background.registry import RUNNING, Counts, Part
from crm.models.work import WorkOutcome, WorkPart

#: How soon a part that failed runs again: at first, and at most. Each failure doubles it.
SHORTEST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=6)
#: The share of its interval by which cron may come too early: it starts each day at the same minute, and a
#: run ends some seconds later.
EARLINESS = 0.1
LONGEST_ERROR = 255


class LeaseLost(Exception):
    """Another process has taken the part over; nothing more may be written for it."""


@dataclass(frozen=True)
class Claim:
    """The lease of one process on one part."""

    key: int
    token: str

    def hold(self) -> None:
        """Renew the lease, and lock the row until the end of the transaction.

        :raises LeaseLost: if another process has taken the part over.
        """
        if not WorkPart.objects.filter(pk=self.key).renew(self.token):
            raise LeaseLost

    def write(self, **columns: object) -> None:
        """Write columns of the row under the lease, and return the lease.

        :raises LeaseLost: if another process has taken the part over.
        """
        own = WorkPart.objects.filter(pk=self.key).under(self.token)
        if not own.update(leased_by="", leased_until=None, last_finished_at=Now(), **columns):
            raise LeaseLost


def add_missing(parts: Iterable[Part], running: Iterable[str] = ()) -> None:
    """Store a row for each part that has none; it is due at once. Those that always run have no next run."""
    known = set(WorkPart.objects.values_list("name", flat=True))
    new = [WorkPart(name=part.name, next_run_at=Now()) for part in parts if part.name not in known]
    new += [WorkPart(name=name) for name in running if name not in known]
    if new:
        # Another process may store them at the same time.
        WorkPart.objects.bulk_create(new, ignore_conflicts=True)


def claim_due(part: Part, *, early: bool = False) -> Claim | None:
    """Claim a part whose time has come and that runs nowhere; return None if there is nothing to do.

    :param early: whether it may also be claimed somewhat before its time.
    """
    due = WorkPart.objects.filter(name=part.name).due(part.every * EARLINESS if early else timedelta(0))
    # Most looks find nothing; this query takes no lock.
    if not due.unleased().exists():
        return None
    with transaction.atomic():
        token, keys = due.take()
        WorkPart.objects.under(token).update(last_started_at=Now(), next_run_at=None)
    return Claim(keys[0], token) if keys else None


def finish(claim: Claim, part: Part, counts: Counts, *, milliseconds: int) -> None:
    claim.write(
        outcome=WorkOutcome.DONE,
        error="",
        result=dict(counts),
        duration_ms=milliseconds,
        failures=0,
        # Somebody may have asked for another run meanwhile.
        next_run_at=Coalesce("next_run_at", Now() + part.every),
    )


def fail(claim: Claim, error: str, *, milliseconds: int) -> None:
    """Note a failure; the part runs again soon, and later after each further failure."""
    failures = WorkPart.objects.get(pk=claim.key).failures
    # The exponent is bounded: a part may fail for years.
    delay = min(SHORTEST_DELAY * 2 ** min(failures, 20), LONGEST_DELAY)
    claim.write(
        outcome=WorkOutcome.FAILED,
        error=error[:LONGEST_ERROR],
        duration_ms=milliseconds,
        failures=failures + 1,
        next_run_at=Coalesce("next_run_at", Now() + delay),
    )


def put_back(claim: Claim, *, milliseconds: int) -> None:
    """Return a part that was stopped on the way; any process goes on at once."""
    claim.write(outcome=WorkOutcome.STOPPED, error="", duration_ms=milliseconds)


@transaction.atomic
def run_now(names: Iterable[str]) -> int:
    """Have parts run as soon as a process is free; return how many do. Those that always run are left out.

    So is a part in the middle of a batch, which may take minutes: nobody waits for it.
    """
    scheduled = WorkPart.objects.filter(name__in=list(names)).exclude(name__in=RUNNING)
    if connection.features.has_select_for_update_skip_locked:
        scheduled = scheduled.select_for_update(skip_locked=True)
    keys = list(scheduled.values_list("pk", flat=True))
    return WorkPart.objects.filter(pk__in=keys).update(next_run_at=Now())


def note_running(name: str, counts: Counts) -> None:
    """Note that a part that always runs does so, and what it has done of late."""
    WorkPart.objects.filter(name=name).update(
        last_started_at=Now(),
        last_finished_at=Now(),
        outcome=WorkOutcome.DONE,
        error="",
        result=dict(counts),
        failures=0,
    )


def note_failing(name: str, error: str) -> None:
    """Note that a part that always runs has failed; it goes on after a while."""
    WorkPart.objects.filter(name=name).update(
        last_finished_at=Now(),
        outcome=WorkOutcome.FAILED,
        error=error[:LONGEST_ERROR],
        failures=F("failures") + 1,
    )
