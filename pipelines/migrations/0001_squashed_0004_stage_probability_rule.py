"""The tables of pipelines in one step, for new databases."""

import uuid

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from crm.database.migration_operations import CreateModels, PostgresSQL
from crm.database.tenant_keys import TenantKey


class Migration(migrations.Migration):
    replaces = [
        ("pipelines", "0001_initial"),
        ("pipelines", "0002_normalize_texts"),
        ("pipelines", "0003_stage_probability"),
        ("pipelines", "0004_stage_probability_rule"),
    ]

    initial = True

    dependencies = [
        ("crm", "0001_squashed_0016_planned_activities"),
    ]

    operations = [
        CreateModels(
            models=[
                migrations.CreateModel(
                    name="Pipeline",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "company",
                            models.ForeignKey(
                                editable=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="crm.company",
                            ),
                        ),
                        ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("version", models.PositiveIntegerField(default=1, editable=False)),
                        ("name", models.CharField(max_length=255)),
                        ("slug", models.CharField(blank=True, max_length=255)),
                        ("description", models.TextField(blank=True, null=True)),
                        (
                            "weight",
                            models.PositiveIntegerField(
                                blank=True,
                                default=0,
                                validators=[django.core.validators.MaxValueValidator(100000)],
                            ),
                        ),
                        ("is_default", models.BooleanField(default=False)),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                models.F("company"),
                                models.OrderBy(models.F("created_at"), descending=True),
                                models.F("id"),
                                name="pipeline_newest",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("deleted_at__isnull", True), ("is_default", True)),
                                fields=("company",),
                                name="pipeline_one_default",
                                violation_error_message="A company has one default pipeline.",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("deleted_at__isnull", True)),
                                fields=("company", "slug"),
                                name="pipeline_slug_once",
                                violation_error_message="A pipeline of this slug exists already.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Stage",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "company",
                            models.ForeignKey(
                                editable=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="crm.company",
                            ),
                        ),
                        ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("version", models.PositiveIntegerField(default=1, editable=False)),
                        (
                            "pipeline",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="stages",
                                to="pipelines.pipeline",
                            ),
                        ),
                        ("name", models.CharField(max_length=255)),
                        ("description", models.TextField(blank=True, null=True)),
                        (
                            "rotting_days",
                            models.PositiveIntegerField(
                                default=0,
                                help_text="Days without movement after which a lead rots; 0 is never.",
                                validators=[django.core.validators.MaxValueValidator(3650)],
                            ),
                        ),
                        (
                            "weight",
                            models.PositiveIntegerField(
                                blank=True,
                                default=0,
                                validators=[django.core.validators.MaxValueValidator(100000)],
                            ),
                        ),
                        (
                            "probability",
                            models.PositiveSmallIntegerField(
                                db_default=100,
                                default=100,
                                help_text="Percent of the leads in this stage that are won, by which forecasts weight their amounts.",
                                validators=[django.core.validators.MaxValueValidator(100)],
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["pipeline", "weight", "id"], name="stage_order")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("probability__lte", 100)),
                                name="stage_probability_in_percent",
                            )
                        ],
                    },
                ),
            ],
        ),
        TenantKey("pipelines_stage", "pipeline_id", "pipelines_pipeline"),
        PostgresSQL(
            "CREATE UNIQUE INDEX pipelines_stage_company_id_key ON pipelines_stage (company_id, id)",
            "DROP INDEX pipelines_stage_company_id_key",
        ),
    ]
