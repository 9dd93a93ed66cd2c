"""Print all that is held about a person."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from crm.actors import Door
from crm.management.arguments import ensure_ready, member_actor, refusals_as_command_errors
from people.services.erasing import report_person


class Command(BaseCommand):
    help = "Print all that is held about a person as JSON; see docs/erasing.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", metavar="ID", help="id or uuid of the person")
        parser.add_argument("--company", required=True, metavar="ID")
        parser.add_argument("--as", required=True, dest="username", metavar="USERNAME", help="who asks")

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_ready()
        actor = member_actor(options["username"], options["company"], door=Door.COMMAND)
        with refusals_as_command_errors():
            report = report_person(options["person"], actor=actor)
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2, default=str))
