import django.db.models.deletion
from django.db import migrations, models

import crm.models.texts


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0061_company_logo"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditentry",
            name="event",
            field=models.CharField(
                choices=[
                    ("SIGN_IN", "Sign-in"),
                    ("SIGN_OUT", "Sign-out"),
                    ("LOCKOUT", "Lockout"),
                    ("UNLOCK", "Unlock"),
                    ("PASSWORD", "Password set"),
                    ("TOKEN_CREATED", "API token created"),
                    ("TOKEN_REVOKED", "API token revoked"),
                    ("CALENDAR_CREATED", "Calendar address created"),
                    ("CALENDAR_REVOKED", "Calendar address revoked"),
                    ("EXPORT", "Export"),
                    ("ERASURE", "Person erased"),
                    ("COMPANY_IMPORTED", "Company made of an archive"),
                    ("INVITATION_SENT", "Invitation sent"),
                    ("INVITATION_ACCEPTED", "Invitation accepted"),
                    ("INVITATION_WITHDRAWN", "Invitation withdrawn"),
                ],
                max_length=24,
            ),
        ),
        migrations.AlterField(
            model_name="importjob",
            name="model",
            field=models.CharField(
                choices=[
                    ("LEAD", "Lead"),
                    ("PEOPLE", "Person"),
                    ("ORGANIZATION", "Organization"),
                    ("ACTIVITY", "Activity"),
                ],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="ImportMapping",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("name", models.CharField(max_length=120)),
                ("name_key", crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255)),
                (
                    "model",
                    models.CharField(
                        choices=[
                            ("LEAD", "Lead"),
                            ("PEOPLE", "Person"),
                            ("ORGANIZATION", "Organization"),
                            ("ACTIVITY", "Activity"),
                        ],
                        max_length=12,
                    ),
                ),
                ("options", models.JSONField(default=dict)),
                ("split_phones", models.BooleanField(default=False)),
                (
                    "company",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="crm.company",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("company", "model", "name_key"),
                        name="import_mapping_name_once",
                        violation_error_message="A mapping of this name exists already.",
                    )
                ],
            },
        ),
    ]
