"""Remove the second factor of a user who lost it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.management.arguments import ensure_ready
from crm.models import User
from crm.services.second_factor import reset


class Command(BaseCommand):
    help = (
        "Remove the second factor of a user who lost phone and recovery codes, and end the user's sessions."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"No user is named {options['username']!r}.")
        if reset(user, actor=None):
            self.stdout.write(f"Removed the second factor of {user}, and ended all sessions.")
        else:
            self.stdout.write(f"{user} has no second factor; all sessions are ended.")
