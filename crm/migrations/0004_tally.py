"""Tallies of live rows, and how PostgreSQL sums them up."""

from django.db import migrations, models

from crm.database.tally_triggers import FoldTallies


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_tenant_keys")]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("company_id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("LEAD", "Lead"), ("PEOPLE", "Person"), ("ORGANIZATION", "Organization")],
                        max_length=12,
                    ),
                ),
                ("parent", models.BigIntegerField()),
                ("key", models.BigIntegerField()),
                ("n", models.BigIntegerField()),
            ],
            options={
                "verbose_name_plural": "tallies",
                "indexes": [
                    models.Index(fields=["company_id", "kind", "parent", "key"], name="tally_of_rows")
                ],
            },
        ),
        FoldTallies(),
    ]
