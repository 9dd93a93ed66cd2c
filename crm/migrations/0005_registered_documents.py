"""Documents that an operator registers, and the companies that let no others run."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0004_tally")]

    operations = [
        migrations.AddField(
            model_name="company",
            name="registered_documents_only",
            field=models.BooleanField(
                default=False, help_text="The API runs no other documents than registered ones."
            ),
        ),
        migrations.CreateModel(
            name="RegisteredDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("hash", models.CharField(max_length=64, verbose_name="SHA-256")),
                (
                    "name",
                    models.CharField(help_text="Its operations, by which people know it.", max_length=255),
                ),
                ("text", models.TextField()),
                (
                    "company",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="crm.company",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("company", "hash"), name="registered_document_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("company", None)),
                        fields=("hash",),
                        name="registered_document_of_all_once",
                    ),
                ]
            },
        ),
    ]
