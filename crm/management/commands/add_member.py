"""Add a user to a company."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from crm.actors import Role
from crm.management.arguments import company_of, ensure_ready, refusals_as_command_errors, role_of
from crm.services.invitation_mail import mail_is_set_up
from crm.services.invitations import add_by_name, fault_of


class Command(BaseCommand):
    help = "Make a user, who is created if absent, a member; print the user's id as the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="a username, or an e-mail address, which gets an invitation")
        parser.add_argument("--company", required=True, metavar="ID")
        parser.add_argument(
            "--role",
            type=role_of,
            help=f"{', '.join(Role)} (default: the present role of a member, {Role.AGENT} for others)",
        )

    def handle(self, *args: object, **options: Any) -> None:
        ensure_ready()
        company = company_of(options["company"])
        with refusals_as_command_errors():
            is_mailed = mail_is_set_up()
            added = add_by_name(company, options["username"], options["role"], is_mailed=is_mailed)
        user = added.membership.user
        self.stdout.write(f"{user} is a member of {company}: {Role(added.membership.role)}.")
        if added.needs_password:
            self.stdout.write(f"To sign in, set a password: manage.py changepassword {user.username}")
        if added.link:
            self._tell(user.email or user.username, fault_of(added.membership), added.link)
        self.stdout.write(str(user.pk))

    def _tell(self, email: str, fault: str | None, link: str) -> None:
        if fault is None:
            self.stdout.write(f"A mail with a link went to {email}.")
            return
        reason = fault or "Mail is not set up."
        self.stdout.write(f"{reason} Pass this link on, it works once: {link}")
