"""Run the imports that wait."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from crm.importing.worker import run_waiting_jobs, work
from crm.management.arguments import ensure_ready


class Command(BaseCommand):
    help = "Run waiting import jobs until stopped; a job that was cut off goes on at its last batch."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="run what waits now, then end")

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        stopped = threading.Event()
        # A signal ends the worker between two batches, and the next one goes on there.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        if options["once"]:
            self.stdout.write(f"{run_waiting_jobs(stopped)} imports run.")
        else:
            work(stopped)
