"""Check the tallies: the numbers of rows and sums of amounts that PostgreSQL triggers maintain."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.management.arguments import ensure_ready
from crm.services.tallies import correct_tallies, find_wrong_tallies


class Command(BaseCommand):
    help = (
        "Count all leads, people and organizations, add up the amounts of leads,"
        " and list the tallies that differ."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fix", action="store_true", help="correct the tallies; other processes may go on writing"
        )

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        wrong = find_wrong_tallies()
        for tally in wrong:
            self.stdout.write(str(tally))
        if options["fix"]:
            self.stdout.write(f"Corrected: {correct_tallies()} tallies.")
        elif wrong:
            raise CommandError(f"{len(wrong)} tallies are wrong; --fix corrects them.")
        else:
            self.stdout.write("All tallies are right.")
