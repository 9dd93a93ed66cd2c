from django.db import migrations

from crm.services.backfill import Backfill

MODELS = ("Pipeline", "Stage")


class Migration(migrations.Migration):
    # Each batch of rows is a transaction of its own.
    atomic = False

    dependencies = [("pipelines", "0001_initial")]

    operations = [Backfill("pipelines", model) for model in MODELS]
