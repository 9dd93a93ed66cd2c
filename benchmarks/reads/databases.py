"""The databases that are measured on: made once, brought to the present tables, and copied for changes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


@dataclass(frozen=True, kw_only=True)
class Database:
    """Where the rows are: the address, the larger company, a token for it, and the server's process."""

    address: str
    company: int
    token: str
    server: int


def prepare(address: str, *, leads: int) -> Database:
    """Make the dataset if it is not there."""
    os.environ |= {"DATABASE_URL": address, "DATABASE_STATEMENT_TIMEOUT": "0", "DATABASE_POOL_SIZE": "0"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from benchmarks.dataset import Size, build, migrate_own_database

    is_new = migrate_own_database()
    from django.db import connection

    from crm.models import Company, User
    from crm.services import tokens

    if is_new:
        sys.stdout.write(f"Making the dataset of {leads} leads: a minute for each 100,000 or so.\n")
        build(Size(leads=leads))
    company = Company.objects.get(name="Larger")
    _, token = tokens.create_token(User.objects.get(username="larger-admin"), company, name="benchmark")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone()
    parent = int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])
    connection.close()
    return Database(address=address, company=company.pk, token=token, server=parent)


@contextmanager
def copied(database: Database) -> Iterator[Database]:
    """Yield a copy of a database that has no open connections, and drop the copy at the end."""
    import psycopg

    parts = urlsplit(database.address)
    name = parts.path.lstrip("/")
    copy = f"{name}_changed"
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{copy}"')  # type: ignore[arg-type]  # names of ours
        server.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')  # type: ignore[arg-type]
        try:
            yield replace(database, address=urlunsplit(parts._replace(path=f"/{copy}")))
        finally:
            server.execute(f'DROP DATABASE "{copy}" WITH (FORCE)')  # type: ignore[arg-type]
