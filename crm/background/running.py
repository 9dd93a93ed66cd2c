"""Runs the parts of the upkeep that are due, one after the other."""

import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DatabaseError, transaction

from crm.background import rows
from crm.background.registry import Part, Problem, parts

logger = logging.getLogger(__name__)

Stopping = Callable[[], bool]


class Stopped(Exception):
    """The process is to end; what the part has done so far stays."""


@dataclass(frozen=True)
class Turn:
    """One run of a part, under its lease."""

    claim: rows.Claim
    is_stopped: Stopping

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Open the transaction of one batch, in which no other process can take the part over.

        :raises Stopped: if the process is to end.
        :raises LeaseLost: if another process has taken the part over.
        """
        if self.is_stopped():
            raise Stopped
        with transaction.atomic():
            self.claim.hold()
            yield


def run_due(names: Collection[str], is_stopped: Stopping, *, early: bool = False) -> list[str]:
    """Run the named parts that are due and that run nowhere; return the names of those that failed."""
    failed = []
    for part in parts().values():
        if is_stopped():
            break
        claim = rows.claim_due(part, early=early) if part.name in names else None
        if claim is not None and not _run(part, Turn(claim, is_stopped)):
            failed.append(part.name)
    return failed


def _run(part: Part, turn: Turn) -> bool:
    """Run a part and note what came of it; return false if it failed."""
    began = time.monotonic()

    def milliseconds() -> int:
        return round((time.monotonic() - began) * 1000)

    try:
        try:
            counts = part.run(turn.batch)
        except Stopped:
            rows.put_back(turn.claim, milliseconds=milliseconds())
        except Exception as error:
            if isinstance(error, rows.LeaseLost):
                raise
            # One part that fails must not keep the others.
            logger.exception("The upkeep of %s failed.", part.name)
            rows.fail(turn.claim, described(error), milliseconds=milliseconds())
            return False
        else:
            rows.finish(turn.claim, part, counts, milliseconds=milliseconds())
    except rows.LeaseLost:
        logger.warning("Another process has taken over the upkeep of %s.", part.name)
    except DatabaseError:
        # The lease runs out by itself.
        logger.exception("What came of the upkeep of %s could not be stored.", part.name)
        return False
    return True


def described(error: Exception) -> str:
    """Return one line about an exception, for operators."""
    if isinstance(error, Problem):
        return str(error)
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}".removesuffix(": ")
