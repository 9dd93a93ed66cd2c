"""Erase a person everywhere."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.actors import Door
from crm.management.arguments import ensure_ready, member_actor, refusals_as_command_errors
from people.services.erasing import erase_person


class Command(BaseCommand):
    help = "Remove a person for good from every table and stored file of a company; see docs/erasing.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", metavar="ID", help="id or uuid of the person")
        parser.add_argument("--company", required=True, metavar="ID")
        parser.add_argument(
            "--as", required=True, dest="username", metavar="USERNAME", help="an administrator"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_ready()
        actor = member_actor(options["username"], options["company"], door=Door.COMMAND)
        if not options["yes"]:
            if not sys.stdin.isatty():
                raise CommandError("It cannot be undone: say --yes.", returncode=2)
            if input(f"Erase person {options['person']} for good? Type yes: ").strip() != "yes":
                raise CommandError("Nothing was erased.")
        with refusals_as_command_errors():
            counts = erase_person(options["person"], actor=actor)
        self.stdout.write(json.dumps(counts))
