"""Create an API token."""

import argparse
import re
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from crm.actors import Scope
from crm.management.arguments import company_of, ensure_ready, refusals_as_command_errors, user_of
from crm.models import Company, Membership, User
from crm.models.tokens import default_scopes
from crm.services.tokens import create_token

LONGEST_LIFE_DAYS = 36_500


def days_of(text: str) -> int:
    """Read a number of days."""
    # int() accepts underscores, spaces and signs.
    if re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= LONGEST_LIFE_DAYS:
        return int(text)
    raise argparse.ArgumentTypeError(f"days are a whole number from 1 to {LONGEST_LIFE_DAYS}, not {text}")


class Command(BaseCommand):
    help = "Make an API token and print it, once, as the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--company", metavar="ID", help="default: the company the user works in")
        parser.add_argument(
            "--scope",
            action="append",
            choices=[scope.value for scope in Scope],
            help="what the token may do at most; may be repeated (default: read and write)",
        )
        parser.add_argument("--expires", type=days_of, metavar="DAYS", help="default: never")
        parser.add_argument("--name", default="", help="what the token is for")

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        user = user_of(options["username"])
        company = company_of(options["company"]) if options["company"] else default_company(user)
        scopes = {Scope(scope) for scope in options["scope"] or default_scopes()}
        days = options["expires"]
        with refusals_as_command_errors():
            token, raw = create_token(
                user,
                company,
                scopes=scopes,
                expires_at=timezone.now() + timedelta(days=days) if days else None,
                name=options["name"],
            )
        end = f"until {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else "until it is revoked"
        self.stdout.write(f"{user} in {company}: {' and '.join(token.scopes)}, {end}. It is shown only now:")
        self.stdout.write(raw)


def default_company(user: User) -> Company:
    """Return the company that a user works in by default."""
    memberships = Membership.objects.active().filter(user=user).select_related("company")
    membership = memberships.order_by("-is_default", "pk").first()
    if membership is None:
        raise CommandError(f"{user} is an active member of no company.")
    return membership.company
