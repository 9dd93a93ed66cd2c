"""Check the tallies: the numbers of rows that PostgreSQL triggers maintain."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.management.arguments import ensure_ready
from crm.services.tallies import find_wrong_tallies, mend_tallies


class Command(BaseCommand):
    help = "Count all leads, people and organizations, and list the tallies that differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fix", action="store_true", help="correct the tallies; other processes may go on writing"
        )

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        wrong = find_wrong_tallies()
        for lack in wrong:
            place = f", {lack.parent}/{lack.key}" if lack.key else ""
            self.stdout.write(f"{lack.kind} of company {lack.company_id}{place}: {-lack.number:+}")
        if options["fix"]:
            self.stdout.write(f"Mended: {mend_tallies()} tallies.")
        elif wrong:
            raise CommandError(f"{len(wrong)} tallies are wrong; --fix mends them.")
        else:
            self.stdout.write("All tallies are right.")
