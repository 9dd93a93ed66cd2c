"""Create a company that can take leads."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from crm.management.arguments import (
    add_language,
    add_region,
    chosen_region,
    ensure_ready,
    refusals_as_command_errors,
)
from crm.models.companies import DEFAULT_CURRENCY, DEFAULT_REGION
from crm.services.companies import find_or_create_user
from leads.services.company_setup import set_up_company


class Command(BaseCommand):
    help = "Create a company and its administrator, who is created if absent; print its id as the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--admin", required=True, metavar="USERNAME")
        add_region(parser, otherwise=f"asked on a terminal, else {DEFAULT_REGION}")
        parser.add_argument(
            "--currency",
            default=DEFAULT_CURRENCY,
            metavar="CODE",
            help="ISO 4217 code of the currency of amounts that come without one (default: %(default)s)",
        )
        add_language(parser)

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        region = chosen_region(options["region"])
        with refusals_as_command_errors(), transaction.atomic():
            admin, is_new = find_or_create_user(options["admin"])
            company = set_up_company(
                options["name"],
                admin=admin,
                region=region,
                currency=options["currency"],
                language=options["language"],
            )
        self.stdout.write(f"{admin} administers {company}.")
        if is_new:
            self.stdout.write(f"To sign in, set a password: manage.py changepassword {admin.username}")
        self.stdout.write(str(company.pk))
