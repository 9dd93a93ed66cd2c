"""Do the work beside the servers: imports, webhooks, notifications, upkeep."""

import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.background import rows
from crm.background.registry import (
    GROUPS,
    IMPORTS,
    MAILS,
    NOTIFICATIONS,
    RUNNING,
    WEBHOOKS,
    parts,
)
from crm.background.running import run_due
from crm.background.worker import names_of, working
from crm.importing.worker import run_waiting_jobs
from crm.management.arguments import ensure_ready
from crm.management.signals import SIGNAL_BASE, until_signal
from crm.notifications.worker import make_once, send_due
from crm.webhooks.worker import Worker


class Command(BaseCommand):
    """Does the background work.

    Exit codes: 0 ended by a signal, or ``--once`` did everything; 1 a part failed; 2 wrong usage; 130 and 143
    ``--once`` was stopped by a signal, and the next run goes on.
    """

    help = (
        "Run imports, send webhooks, notify members and remove what is old, until stopped; what is in hand is"
        " finished."
        " Several such processes share the work, and one that is killed loses nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--only",
            default="",
            metavar="PART,...",
            help=f"of {', '.join(GROUPS)}, or single parts of the upkeep: {', '.join(parts())}",
        )
        parser.add_argument("--once", action="store_true", help="do what is due now, then end; for cron")

    def handle(self, *args: object, **options: Any) -> None:
        only = [name.strip() for name in options["only"].split(",") if name.strip()]
        unknown = sorted(set(only) - set(GROUPS) - set(parts()))
        if unknown or (options["only"] and not only):
            known = ", ".join([*GROUPS, *parts()])
            raise CommandError(
                f"--only: there is no part {', '.join(unknown) or 'without a name'}; the parts are {known}.",
                returncode=2,
            )
        ensure_ready()
        with until_signal() as (stopped, received):
            if options["once"]:
                self._do_once(only, stopped)
                if received:
                    raise CommandError("Stopped by a signal.", returncode=SIGNAL_BASE + received[0])
                return
            with working(only):
                stopped.wait()

    def _do_once(self, only: list[str], stopped: threading.Event) -> None:
        rows.add_missing(parts().values(), RUNNING)
        if not only or IMPORTS in only:
            rows.note_running(IMPORTS, {"turns": run_waiting_jobs(stopped)})
        if not only or WEBHOOKS in only:
            rows.note_running(WEBHOOKS, {"accepted": Worker(stopped).run_once()})
        if not only or NOTIFICATIONS in only:
            rows.note_running(NOTIFICATIONS, {"made": make_once()})
        if not only or MAILS in only:
            rows.note_running(MAILS, {"sent": send_due(stopped)})
        failed = run_due(names_of(only), stopped.is_set, early=True)
        if failed:
            raise CommandError(f"These parts failed, and the log says why: {', '.join(failed)}.")
