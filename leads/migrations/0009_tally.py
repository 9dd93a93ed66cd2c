"""PostgreSQL itself tallies live leads, by pipeline and stage."""

from django.db import migrations

from crm.database.tally_triggers import TallyRows


class Migration(migrations.Migration):
    dependencies = [("crm", "0004_tally"), ("leads", "0008_newest_live_index")]

    operations = [TallyRows("leads_lead", "LEAD", "pipeline_id", "stage_id")]
