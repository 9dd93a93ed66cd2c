"""Send webhooks."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.management.arguments import ensure_ready
from crm.webhooks.worker import SECONDS_BETWEEN_LOOKS, THREADS, Worker


class Command(BaseCommand):
    help = "Send webhooks until stopped; what is being sent when told to stop is sent to its end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, then end")
        parser.add_argument(
            "--poll",
            type=float,
            default=SECONDS_BETWEEN_LOOKS,
            metavar="SECONDS",
            help=f"time between two looks at the log (default: {SECONDS_BETWEEN_LOOKS:g})",
        )
        parser.add_argument(
            "--threads",
            type=int,
            default=THREADS,
            metavar="N",
            help=f"endpoints that are sent to at the same time (default: {THREADS})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["poll"] <= 0 or options["threads"] <= 0:
            raise CommandError("--poll and --threads take more than zero.")
        ensure_ready()
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        worker = Worker(stopped, threads=options["threads"])
        if options["once"]:
            self.stdout.write(f"{worker.run_once()} webhooks arrived.")
        else:
            worker.run(seconds=options["poll"])
