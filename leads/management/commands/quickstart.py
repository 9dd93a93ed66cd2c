"""Set up and serve the product with demo data on a developer's machine."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from crm.checks import ensure_database, ensure_port_free, ensure_redis
from crm.management.arguments import add_language, add_region
from crm.management.commands.serve import HOST, serve
from crm.models import ApiToken, Company, User
from crm.models.companies import DEFAULT_REGION
from crm.models.tokens import hash_token
from crm.services.tokens import create_token
from leads.services.demo_data import DEMO_USERNAME, Demo, find_demo, load_demo_data

DEMO_PASSWORD = "demo"  # noqa: S105 - meant to be known; refused outside debug
TOKEN_NAME = "quickstart"  # noqa: S105 - a label


class Command(BaseCommand):
    help = "Migrate, load demo data once, print how to sign in, and serve on 127.0.0.1; for development only."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="prepare and print, then end")
        # Not asked: the product starts with one command, which nobody may be watching.
        add_region(parser, otherwise=DEFAULT_REGION)
        add_language(parser)

    def handle(self, *args: object, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "quickstart creates a login that everybody knows: it runs only with DJANGO_DEBUG=true."
            )
        if not options["no_serve"]:
            ensure_port_free(HOST, settings.PORT)
        ensure_database()
        ensure_redis()
        refuse_foreign_data()
        call_command("migrate", verbosity=0, interactive=False)
        demo = find_demo() or load_demo_data(
            password=DEMO_PASSWORD,
            region=options["region"] or DEFAULT_REGION,
            language=options["language"],
        )
        self._print_access(demo)
        if not options["no_serve"]:
            serve(work=[])

    def _print_access(self, demo: Demo) -> None:
        address = f"http://{HOST}:{settings.PORT}"
        # Somebody may have changed it since the last start.
        unchanged = demo.user.check_password(DEMO_PASSWORD)
        password = DEMO_PASSWORD if unchanged else "the password you gave it"
        state = "loaded" if demo.is_new else "kept as it was"
        for label, text in (
            ("Data", f"{demo.company} (company {demo.company.pk}), {state}"),
            ("Admin", f"{address}/{settings.ADMIN_URL}"),
            ("Sign in", f"{demo.user.username} / {password}"),
            ("API", f"{address}/graphql"),
            ("API token", kept_token(demo)),
        ):
            self.stdout.write(f"{label + ':':<11}{text}")
        # Standard output may be a pipe, which is not flushed while serving goes on.
        self.stdout.flush()


def refuse_foreign_data() -> None:
    """Refuse a database with other data than the demo: it must not get a login that everybody knows."""
    if Company._meta.db_table not in connection.introspection.table_names() or find_demo():
        return
    if Company.objects.exists() or User.objects.filter(username=DEMO_USERNAME).exists():
        raise CommandError(
            "The database already holds other data, and quickstart would add to it. Run: manage.py serve"
        )


def token_file() -> Path:
    directory: Path = settings.BASE_DIR / ".run"
    return directory / "api-token"


def kept_token(demo: Demo) -> str:
    """Return the raw token of the last run while it is valid, else a new one."""
    path = token_file()
    # Kept in a file, since the database has only its hash: a new token at each start would break every client
    # that has a copy of the old one.
    try:
        raw = path.read_text().strip() if path.exists() else ""
        stored = ApiToken.objects.filter(hash=hash_token(raw), user=demo.user, company=demo.company).first()
        if stored is not None and stored.is_good():
            return raw
        _, raw = create_token(demo.user, demo.company, name=TOKEN_NAME)
        path.parent.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        # Also a file that existed before gets this mode.
        os.fchmod(descriptor, 0o600)
        with open(descriptor, "w") as file:
            file.write(raw)
    except OSError as error:
        raise CommandError(f"Cannot keep the API token in {path}: {error.strerror}.") from error
    return raw
