"""Print the statements that make the database role carry the settings of our sessions."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from crm.checks import ensure_database
from crm.database.role_settings import alter_role


class Command(BaseCommand):
    help = "Print the ALTER ROLE statements that are needed behind a pooler; run them with psql."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", help="the role; without it, the one that the product signs in as")

    def handle(self, *args: object, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles. DATABASE_URL names another database.")
        for line in alter_role(options["role"] or _own_role()):
            self.stdout.write(line)


def _own_role() -> str:
    ensure_database()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        role: str = cursor.fetchone()[0]
        return role
