from django.db import migrations

from crm.services.backfill import Backfill

MODELS = ("LeadReceiver", "LeadRotation")


class Migration(migrations.Migration):
    # Each batch of rows is a transaction of its own.
    atomic = False

    dependencies = [("leads", "0004_unique_keys")]

    operations = [Backfill("leads", model) for model in MODELS]
