from django.db import migrations

from crm.services.backfill import Backfill

KEYED = [("CustomFieldDefinition", ("company_id", "model")), ("Tag", ("company_id",))]


class Migration(migrations.Migration):
    # Each batch of rows is a transaction of its own.
    atomic = False

    dependencies = [("crm", "0002_key_columns")]

    operations = [Backfill("crm", model, unique_within=within) for model, within in KEYED]
