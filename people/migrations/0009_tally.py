"""PostgreSQL itself tallies live people and organizations."""

from django.db import migrations

from crm.database.tally_triggers import TallyRows


class Migration(migrations.Migration):
    dependencies = [("crm", "0004_tally"), ("people", "0008_newest_live_index")]

    operations = [TallyRows("people_person", "PEOPLE"), TallyRows("people_organization", "ORGANIZATION")]
