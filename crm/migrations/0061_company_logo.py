import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0060_user_language"),
    ]

    operations = [
        migrations.AddField(
            model_name="company",
            name="logo_hash",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=64),
        ),
        migrations.CreateModel(
            name="CompanyLogo",
            fields=[
                (
                    "company",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="crm.company",
                    ),
                ),
                ("type", models.CharField(max_length=32)),
                ("content", models.BinaryField()),
            ],
        ),
    ]
