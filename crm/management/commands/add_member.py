"""Add a user to a company."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from crm.actors import Role
from crm.management.arguments import company_of, ensure_ready, refusals_as_command_errors, role_of
from crm.models import Membership
from crm.services.companies import find_or_create_user
from crm.services.members import add_member


class Command(BaseCommand):
    help = "Make a user, who is created if absent, a member; print the user's id as the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--company", required=True, metavar="ID")
        parser.add_argument(
            "--role",
            type=role_of,
            help=f"{', '.join(Role)} (default: the present role of a member, {Role.AGENT} for others)",
        )

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        company = company_of(options["company"])
        with refusals_as_command_errors(), transaction.atomic():
            user, is_new = find_or_create_user(options["username"])
            present = Membership.objects.filter(company=company, user=user).first()
            role = options["role"] or (Role(present.role) if present else Role.AGENT)
            add_member(company, user, role)
        self.stdout.write(f"{user} is a member of {company}: {role}.")
        if is_new:
            self.stdout.write(f"To sign in, set a password: manage.py changepassword {user.username}")
        self.stdout.write(str(user.pk))
