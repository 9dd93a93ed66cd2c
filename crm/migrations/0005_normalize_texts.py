from django.db import migrations

from crm.services.backfill import Backfill

MODELS = (
    "Absence",
    "Activity",
    "Company",
    "Filesystem",
    "Message",
    "SocialChannel",
    "User",
    "WebhookEndpoint",
)


class Migration(migrations.Migration):
    # Each batch of rows is a transaction of its own.
    atomic = False

    dependencies = [("crm", "0004_unique_keys")]

    operations = [Backfill("crm", model) for model in MODELS]
