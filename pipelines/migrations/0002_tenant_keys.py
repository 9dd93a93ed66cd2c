"""PostgreSQL itself refuses ties between rows of two companies."""

from django.db import migrations

from crm.database.tenant_keys import TenantKey


class Migration(migrations.Migration):
    dependencies = [("pipelines", "0001_initial"), ("crm", "0003_tenant_keys")]

    operations = [
        TenantKey("pipelines_stage", "pipeline_id", "pipelines_pipeline"),
    ]
