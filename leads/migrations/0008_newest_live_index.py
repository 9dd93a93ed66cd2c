"""The newest leads by an index of the live ones alone, from which ids are read without a look at the rows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leads", "0007_custom_fields_index")]

    operations = [
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                "company",
                models.F("created_at").desc(),
                "id",
                condition=models.Q(deleted_at__isnull=True),
                name="lead_newest_live",
            ),
        ),
        migrations.RemoveIndex(model_name="lead", name="lead_newest"),
    ]
