"""PostgreSQL itself refuses ties between rows of two companies."""

from django.db import migrations

from crm.database.tenant_keys import TenantKey


class Migration(migrations.Migration):
    dependencies = [("crm", "0002_records_and_routing")]

    operations = [
        TenantKey("crm_message", "channel_id", "crm_socialchannel"),
        TenantKey("crm_message", "parent_id", "crm_message"),
        TenantKey("crm_messagefile", "file_id", "crm_filesystem"),
        TenantKey("crm_messagefile", "message_id", "crm_message"),
    ]
