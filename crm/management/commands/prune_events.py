"""Remove old events and webhook deliveries."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from crm.events import retention
from crm.management.arguments import ensure_ready
from crm.webhooks.deliveries import prune as prune_deliveries


class Command(BaseCommand):
    help = "Remove events and finished webhook deliveries that are older than EVENT_RETENTION_DAYS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than", type=int, metavar="DAYS", help="age (default: EVENT_RETENTION_DAYS)"
        )
        parser.add_argument(
            "--restored",
            action="store_true",
            help="the database came from a backup: expire the cursors that clients hold as well",
        )

    def handle(self, *args: object, **options: Any) -> None:
        days = options["older_than"]
        if days is not None and days < 0:
            raise CommandError("--older-than must be zero days or more.")
        ensure_ready()
        if options["restored"]:
            retention.begin_epoch()
        before = None if days is None else timezone.now() - timedelta(days=days)
        events, deliveries = retention.prune(before=before), prune_deliveries(before=before)
        self.stdout.write(f"Removed: {events} events, {deliveries} webhook deliveries.")
