"""The registry of the upkeep: each app adds its parts in ``ready()`` of its ``apps.py``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from crm.database.batches import Batch

#: Numbers by name, as the admin shows them.
Counts = Mapping[str, int]
DAILY = timedelta(days=1)
IMPORTS, EXPORTS, WEBHOOKS, NOTIFICATIONS, MAILS, UPKEEP = GROUPS = (
    "imports",
    "exports",
    "webhooks",
    "notifications",
    "notification_mails",
    "upkeep",
)
#: Those that always run, which have a row without a next run.
RUNNING = (IMPORTS, EXPORTS, WEBHOOKS, NOTIFICATIONS, MAILS)


class Problem(Exception):
    """Raised by a part that found something wrong; the message tells an operator what to do."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the upkeep.

    ``run`` does everything in small transactions, which it opens with the function that it is given: that
    function stops a run whose process is to end, or whose lease another process has.
    """

    name: str
    purpose: str
    run: Callable[[Batch], Counts]
    every: timedelta = DAILY


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    _parts[part.name] = part


def parts() -> dict[str, Part]:
    """Return the parts of all apps by name, in the order in which they run if all are due."""
    return dict(_parts)


def removes_older_than(
    days: Callable[[], int], remove: Callable[[datetime, Batch], Counts]
) -> Callable[[Batch], Counts]:
    """Return the ``run`` of a part that removes what is older than a setting says; 0 days is never.

    :param days: reads the setting, when the part runs.
    """

    def run(batch: Batch) -> Counts:
        kept = days()
        return remove(timezone.now() - timedelta(days=kept), batch) if kept else {}

    return run
