"""Indexes for custom fields that equal a value, on PostgreSQL; other databases scan."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLES = ("leads_lead",)


def create(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(
                f"CREATE INDEX {table}_custom_fields ON {table} USING gin (custom_fields jsonb_path_ops)"
            )


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"DROP INDEX {table}_custom_fields")


class Migration(migrations.Migration):
    dependencies = [("leads", "0006_tenant_keys")]

    operations = [migrations.RunPython(create, drop)]
