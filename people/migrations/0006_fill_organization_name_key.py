"""Give the organizations that are stored already the key by which like names are found."""

from typing import Any

from django.db import migrations

from people.models.canonical import name_key

BATCH = 1000


def fill(apps: Any, _schema_editor: Any) -> None:
    """Set the key of every organization from its name."""
    organizations = apps.get_model("people", "Organization").objects
    batch = []
    for row in organizations.only("name").iterator(chunk_size=BATCH):
        row.name_key = name_key(row.name)
        batch.append(row)
        if len(batch) == BATCH:
            organizations.bulk_update(batch, ["name_key"])
            batch = []
    organizations.bulk_update(batch, ["name_key"])


class Migration(migrations.Migration):
    dependencies = [("people", "0005_organization_name_key")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
