"""The newest people and organizations by indexes of the live ones alone, as of leads."""

from django.db import migrations, models


def newest_live(name: str) -> models.Index:
    return models.Index(
        "company",
        models.F("created_at").desc(),
        "id",
        condition=models.Q(deleted_at__isnull=True),
        name=name,
    )


class Migration(migrations.Migration):
    dependencies = [("people", "0007_custom_fields_index")]

    operations = [
        migrations.AddIndex(model_name="person", index=newest_live("person_newest_live")),
        migrations.AddIndex(model_name="organization", index=newest_live("organization_newest_live")),
        migrations.RemoveIndex(model_name="person", name="person_newest"),
        migrations.RemoveIndex(model_name="organization", name="organization_newest"),
    ]
