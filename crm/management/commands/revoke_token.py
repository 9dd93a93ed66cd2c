"""End an API token."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.errors import NotFound
from crm.management.arguments import ensure_ready
from crm.services.tokens import revoke_token


class Command(BaseCommand):
    help = "End an API token at once; ending it twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("token", help="the token, its first 12 characters, or its id")

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        try:
            token = revoke_token(options["token"])
        except NotFound as error:
            # What was given may be a secret: it is not repeated.
            raise CommandError("No single token has this value, beginning or id.") from error
        self.stdout.write(f"Revoked: {token} of {token.user} in {token.company}.")
