"""Send webhooks; a part of ``work``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.management.arguments import ensure_ready
from crm.management.signals import until_signal
from crm.webhooks.worker import POLL_SECONDS, THREADS, Worker


class Command(BaseCommand):
    help = "Send webhooks until stopped; messages that are being sent are finished first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send everything that is due now, then end")
        parser.add_argument(
            "--poll",
            type=float,
            default=POLL_SECONDS,
            metavar="SECONDS",
            help=f"time between two reads of the log (default: {POLL_SECONDS:g})",
        )
        parser.add_argument(
            "--threads",
            type=int,
            default=THREADS,
            metavar="N",
            help=f"endpoints served at the same time (default: {THREADS})",
        )

    def handle(self, *args: object, **options: Any) -> None:
        if options["poll"] <= 0 or options["threads"] <= 0:
            raise CommandError("--poll and --threads must be greater than zero.")
        ensure_ready()
        with until_signal() as (stopped, _):
            worker = Worker(stopped, threads=options["threads"])
            if options["once"]:
                self.stdout.write(f"{worker.run_once()} webhooks were accepted.")
            else:
                worker.run(seconds=options["poll"])
