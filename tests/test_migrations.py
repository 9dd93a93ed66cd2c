"""Migrations: linear in each app, and complete.

That they are reversible is tried in test_key_migrations.py, since migrating back and forth takes long.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from crm.models import Tag
from crm.services.backfill import Backfill

OWN = {"crm", "people", "pipelines", "leads"}
#: Apps from the topmost down -> prefixes of the tables and functions that its unapplying removes.
GONE = {
    "leads": ("leads_",),
    "people": ("people_",),
    "pipelines": ("pipelines_",),
    # The last ones are django-allauth's, which name the users.
    "crm": ("crm_", "django_admin_", "account_", "mfa_", "socialaccount_"),
}
#: Queries of (table or function, kind, definition).
SCHEMA = {
    "sqlite": "SELECT tbl_name, type, coalesce(sql, name) FROM sqlite_master",
    "postgresql": """
        SELECT table_name::text, 'column', concat_ws(' ', column_name, data_type, is_nullable, column_default)
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT tablename::text, 'index', indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT conrelid::regclass::text, 'constraint', conname || ' ' || pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT tgrelid::regclass::text, 'trigger', pg_get_triggerdef(oid)
        FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT proname::text, 'function', pg_get_functiondef(oid)
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    """,
}


def schema(alias: str) -> set[tuple[str, str, str]]:
    """Return what a database consists of, apart from rows and PostgreSQL extensions."""
    with connections[alias].cursor() as cursor:
        cursor.execute(SCHEMA[connections[alias].vendor])
        return set(cursor.fetchall())


@pytest.fixture
def alias(db: None, tmp_path: Path) -> Iterator[str]:
    """Return a migrated database to change: the transaction of the test or, on SQLite, a copy."""
    if connection.vendor == "postgresql":
        yield "default"
        return
    # On SQLite, Django refuses to change tables inside a transaction.
    copy = tmp_path / "copy.sqlite3"
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as source:
        source.execute("VACUUM INTO ?", [str(copy)])
    connections.databases["copy"] = {**connection.settings_dict, "NAME": copy}
    # Connect here: the test case refuses to open connections to aliases that it does not know.
    connections["copy"].connect()
    yield "copy"
    connections["copy"].close()
    del connections["copy"], connections.databases["copy"]


def test_history_is_linear():
    graph = MigrationLoader(None).graph

    children = Counter(
        parent.key
        for key, node in graph.node_map.items()
        for parent in node.parents
        if parent.key[0] == key[0] and key[0] in OWN
    )

    assert {app: len(graph.leaf_nodes(app)) for app in OWN} == dict.fromkeys(OWN, 1)
    assert [key for key, count in children.items() if count > 1] == []


def test_no_migration_needs_a_squashed_one_by_its_name():
    # makemigrations names it so, but who migrates step by step would make the tables of the app twice.
    loader = MigrationLoader(None, replace_migrations=False)
    squashed = {key for key, each in loader.disk_migrations.items() if each.replaces}

    needed = {
        (key, tuple(need)) for key, each in loader.disk_migrations.items() for need in each.dependencies
    }
    found = [(key, need) for key, need in needed if need in squashed and key not in squashed]

    assert squashed
    assert found == []


def test_no_migration_is_missing(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_an_empty_table_is_not_filled(db):
    # The models of a state are rendered once somebody asks for them, which takes longer than all else here.
    state = MigrationLoader(None).project_state()
    editor: Any = SimpleNamespace(connection=connection)

    Backfill("crm", "Tag").database_forwards("crm", editor, state, state)

    assert not Tag.objects.exists()
    assert "apps" not in vars(state)


def unapply(alias: str) -> None:
    """Take one app after the other back to nothing, and assert that each leaves nothing behind."""
    left = schema(alias)
    for app, prefixes in GONE.items():
        MigrationExecutor(connections[alias]).migrate([(app, None)])

        left = {found for found in left if not found[0].startswith(prefixes)}
        assert schema(alias) == left, app
