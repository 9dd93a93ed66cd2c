"""Run the imports that wait; a part of ``work``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from crm.background.registry import IMPORTS
from crm.background.worker import working
from crm.importing.claims import running_elsewhere
from crm.importing.runners import described
from crm.importing.worker import run_waiting_jobs
from crm.management.arguments import ensure_ready
from crm.management.signals import until_signal


class Command(BaseCommand):
    help = "Run waiting import jobs until stopped, as `work --only imports` does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="run what waits now, then end")

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        with until_signal() as (stopped, _):
            if options["once"]:
                self.stdout.write(f"{run_waiting_jobs(stopped)} imports run.")
                self._tell_of_others()
                return
            with working([IMPORTS]):
                stopped.wait()

    def _tell_of_others(self) -> None:
        """Print which imports other processes have, and until when at the latest."""
        for job in running_elsewhere().order_by("pk"):
            until = "" if job.leased_until is None else f" until {job.leased_until:%H:%M:%S} UTC at least"
            self.stderr.write(
                f"Import {job.uuid}: {described(job.runner)} runs it{until},"
                f" {job.processed} of {job.total} rows so far.",
                style_func=str,
            )
