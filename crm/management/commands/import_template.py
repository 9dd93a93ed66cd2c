"""Write an empty file to import, with a title for every column."""

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.actors import Door
from crm.authentication import actor_for
from crm.errors import Forbidden, NotFound
from crm.importing.templates import template_columns
from crm.management.arguments import company_of, ensure_ready, user_of
from crm.management.import_files import STANDARD_INPUT
from crm.models import ImportKind

#: What each kind is called on the command line.
KINDS = {
    "people": ImportKind.PEOPLE,
    "organizations": ImportKind.ORGANIZATION,
    "leads": ImportKind.LEAD,
    "activities": ImportKind.ACTIVITY,
}


class Command(BaseCommand):
    help = "Write an empty CSV file with every column that an import takes, custom fields included."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", choices=KINDS)
        parser.add_argument("file", nargs="?", default=STANDARD_INPUT, help="default: standard output")
        parser.add_argument("--company", required=True, metavar="ID")
        parser.add_argument("--as", required=True, dest="username", metavar="USERNAME", help="a member of it")

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_ready()
        user, company = user_of(options["username"]), company_of(options["company"])
        try:
            actor = actor_for(user, company, door=Door.COMMAND)
        except (NotFound, Forbidden) as error:
            raise CommandError(f"{user} is not an active member of {company}.") from error
        columns = template_columns(KINDS[options["model"]], actor)
        if options["file"] == STANDARD_INPUT:
            csv.writer(self.stdout).writerow(columns)
            return
        try:
            # A file that exists may hold rows that somebody has filled in.
            with Path(options["file"]).open("x", newline="", encoding="utf-8") as file:
                csv.writer(file).writerow(columns)
        except OSError as error:
            raise CommandError(f"Cannot write {options['file']}: {error.strerror}.") from error
        self.stdout.write(f"{len(columns)} columns are in {options['file']}.")
