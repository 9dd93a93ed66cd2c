"""Remove files that no record has."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from crm.management.arguments import ensure_ready
from crm.services.orphans import remove_orphans

HOURS = 24


class Command(BaseCommand):
    help = "Remove files that are on no record, and stored contents that belong to no file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than", type=int, default=HOURS, metavar="HOURS", help="age (default: %(default)s)"
        )
        parser.add_argument("--dry-run", action="store_true", help="remove nothing, and count")

    def handle(self, *args: object, **options: Any) -> None:
        hours = options["older_than"]
        if hours < 0:
            raise CommandError("--older-than takes zero hours or more.")
        ensure_ready()
        before = timezone.now() - timedelta(hours=hours)
        removed = remove_orphans(before=before, dry_run=options["dry_run"])
        done = "Would remove" if options["dry_run"] else "Removed"
        self.stdout.write(
            f"{done}: {removed.files} files on no record, {removed.contents} contents without a file."
        )
