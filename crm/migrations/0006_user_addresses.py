"""Give accounts the canonical forms of their e-mail address and of a username that is one."""

import sys

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from crm.emails import canonical_email
from crm.services.backfill import BATCH


def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Fill the new columns; of accounts that are named by one address, the oldest is found by it."""
    users = apps.get_model("crm", "User")._base_manager.using(editor.connection.alias)
    named: dict[str, str] = {}
    # Two columns of three texts each: accounts are few.
    filled = []
    for user in users.only("username", "email").order_by("pk").iterator():
        name = canonical_email(user.username) if "@" in user.username else None
        if name is not None and named.setdefault(name, user.username) != user.username:
            sys.stderr.write(
                f"The accounts {named[name]!r} and {user.username!r} are named by the same e-mail address: "
                "rename or deactivate one of them.\n"
            )
            name = None
        user.email_canonical, user.username_canonical = canonical_email(user.email), name
        filled.append(user)
    users.bulk_update(filled, ["email_canonical", "username_canonical"], batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [("crm", "0005_normalize_texts")]

    operations = [
        migrations.AddField(
            "user",
            "email_canonical",
            models.CharField(db_index=True, editable=False, max_length=320, null=True),
        ),
        migrations.AddField(
            "user",
            "username_canonical",
            models.CharField(editable=False, max_length=320, null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            "user",
            "username_canonical",
            models.CharField(editable=False, max_length=320, null=True, unique=True),
        ),
    ]
