from django.db import migrations

from crm.services.backfill import Backfill

MODELS = ("Address", "Employment")


class Migration(migrations.Migration):
    # Each batch of rows is a transaction of its own.
    atomic = False

    dependencies = [("people", "0004_unique_keys")]

    operations = [Backfill("people", model) for model in MODELS]
