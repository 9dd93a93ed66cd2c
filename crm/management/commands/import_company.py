"""Make the company of an archive in this installation."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.management.arguments import ensure_ready, refusals_as_command_errors
from crm.services.archives.reading import read_archive


class Command(BaseCommand):
    help = (
        "Make the company of an archive that export_company wrote: all of it, or nothing; no row that is here"
        " is changed. Print its id as the last line. Exit codes: 0 done, 1 nothing was stored, 2 wrong usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the zip that export_company wrote")
        parser.add_argument("--name", help="what the company is called here (default: as in the archive)")

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        try:
            file = open(options["file"], "rb")  # noqa: SIM115 - closed below
        except OSError as error:
            raise CommandError(f"Cannot read {options['file']}: {error.strerror}.") from error
        with file, refusals_as_command_errors():
            made = read_archive(file, name=options["name"], on_table=self._progress)
        self.stdout.write(f"{made.company}: {sum(made.rows.values())} rows, {made.files} files.")
        if made.accounts:
            self.stdout.write(
                f'New accounts without a password: {", ".join(made.accounts)}. They set one by "Forgot'
                ' your password?", or you do with manage.py changepassword USERNAME.'
            )
        if made.known_accounts:
            self.stdout.write(
                f"Accounts that were here and are members now: {', '.join(made.known_accounts)}."
            )
        self.stdout.write(
            "Not in an archive are tokens, calendar addresses, invitations and webhooks: make them again."
        )
        self.stdout.write(str(made.company.pk))

    def _progress(self, table: str, rows: int) -> None:
        if sys.stderr.isatty() and rows:
            self.stderr.write(f"{table}: {rows} rows", style_func=str)
