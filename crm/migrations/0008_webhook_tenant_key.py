"""PostgreSQL itself refuses a delivery to the endpoint of another company."""

from django.db import migrations

from crm.database.tenant_keys import TenantKey


class Migration(migrations.Migration):
    dependencies = [("crm", "0007_webhooks")]

    operations = [TenantKey("crm_webhookdelivery", "endpoint_id", "crm_webhookendpoint")]
