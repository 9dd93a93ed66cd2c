"""Trigram indexes for searches by part of a word, on PostgreSQL; other databases scan."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLES = ("leads_lead",)


def create(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(
                f"CREATE INDEX {table}_search ON {table} USING gin (search_text gin_trgm_ops)"
            )


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"DROP INDEX {table}_search")


class Migration(migrations.Migration):
    dependencies = [("leads", "0001_initial")]

    operations = [TrigramExtension(), migrations.RunPython(create, drop)]
