"""The tables of leads in one step, for new databases."""

import datetime
import uuid
from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import crm.emails
import crm.models.texts
import crm.money
import people.models.phones
from crm.database.amount_tally_triggers import TallyAmounts
from crm.database.migration_operations import CreateModels, PostgresSQL
from crm.database.tally_triggers import TallyRows
from crm.database.tenant_keys import TenantKey, TenantLink


class Migration(migrations.Migration):
    replaces = [
        ("leads", "0001_initial"),
        ("leads", "0002_key_columns"),
        ("leads", "0003_fill_keys"),
        ("leads", "0004_unique_keys"),
        ("leads", "0005_normalize_texts"),
        ("leads", "0006_undecodable_attempts"),
        ("leads", "0007_receiver_origins"),
        ("leads", "0008_background_work"),
        ("leads", "0009_deal_value"),
        ("leads", "0010_deal_value_rules"),
        ("leads", "0011_amount_tallies"),
        ("leads", "0012_kinds_of_last_activity"),
        ("leads", "0013_receivers_by_mail"),
        ("leads", "0014_next_stage_and_report_indexes"),
        ("leads", "0015_fill_next_stages"),
    ]

    initial = True

    dependencies = [
        ("crm", "0001_squashed_0016_planned_activities"),
        ("people", "0001_squashed_0007_people_of_talks"),
        ("pipelines", "0001_squashed_0004_stage_probability_rule"),
    ]

    operations = [
        CreateModels(
            models=[
                migrations.CreateModel(
                    name="LeadStatus",
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
                        ("name", models.CharField(max_length=120)),
                        (
                            "category",
                            models.CharField(
                                choices=[
                                    ("OPEN", "Open"),
                                    ("WON", "Won"),
                                    ("LOST", "Lost"),
                                    ("CLOSED", "Closed"),
                                ],
                                default="OPEN",
                                max_length=6,
                            ),
                        ),
                        ("is_default", models.BooleanField(default=False)),
                        ("weight", models.IntegerField(default=0)),
                        (
                            "name_key",
                            crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "lead statuses",
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_default", True)),
                                fields=("company",),
                                name="lead_status_one_default",
                                violation_error_message="A company has one default status.",
                            ),
                            models.UniqueConstraint(
                                fields=("company", "name_key"),
                                name="lead_status_name_once",
                                violation_error_message="A status of this name exists already.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LeadType",
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
                        ("name", models.CharField(max_length=120)),
                        ("description", models.TextField(blank=True, null=True)),
                        ("is_active", models.BooleanField(default=True)),
                        (
                            "name_key",
                            crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("company", "name_key"),
                                name="lead_type_name_once",
                                violation_error_message="A type of this name exists already.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LeadSource",
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
                        ("name", models.CharField(max_length=120)),
                        ("description", models.TextField(blank=True, null=True)),
                        ("is_active", models.BooleanField(default=True)),
                        (
                            "type",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="sources",
                                to="leads.leadtype",
                            ),
                        ),
                        (
                            "name_key",
                            crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("company", "name_key"),
                                name="lead_source_name_once",
                                violation_error_message="A source of this name exists already.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LeadLostReason",
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
                        ("name", models.CharField(max_length=120)),
                        ("is_active", models.BooleanField(default=True)),
                        ("weight", models.IntegerField(default=0)),
                        (
                            "name_key",
                            crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("company", "name_key"),
                                name="lead_lost_reason_name_once",
                                violation_error_message="A reason of this name exists already.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LeadRotation",
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
                        ("name", models.CharField(max_length=120)),
                        ("leads_rotations_email", models.CharField(blank=True, max_length=254, null=True)),
                        ("hits", models.PositiveIntegerField(default=0, editable=False)),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="LeadRotationAgent",
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
                        (
                            "rotation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="agents",
                                to="leads.leadrotation",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("phone", models.CharField(blank=True, max_length=64, null=True)),
                        (
                            "percent",
                            models.DecimalField(
                                decimal_places=4,
                                max_digits=7,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("0")),
                                    django.core.validators.MaxValueValidator(Decimal("100")),
                                ],
                            ),
                        ),
                        ("credit", models.BigIntegerField(default=0, editable=False)),
                        ("hits", models.PositiveIntegerField(default=0, editable=False)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("rotation", "user"),
                                name="rotation_agent_once",
                                violation_error_message="This user is in the rotation already.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("percent__gte", 0), ("percent__lte", 100)),
                                name="rotation_percent_in_range",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LeadReceiver",
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
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "agent",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("name", models.CharField(max_length=120)),
                        ("source_name", models.CharField(blank=True, max_length=120, null=True)),
                        ("is_default", models.BooleanField(default=False)),
                        ("is_active", models.BooleanField(default=True)),
                        (
                            "source",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="receivers",
                                to="leads.leadsource",
                            ),
                        ),
                        (
                            "type",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="receivers",
                                to="leads.leadtype",
                            ),
                        ),
                        (
                            "rotation",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="receivers",
                                to="leads.leadrotation",
                            ),
                        ),
                        ("template", models.JSONField(blank=True, null=True)),
                        (
                            "verification",
                            models.CharField(
                                choices=[
                                    ("NONE", "Not at all"),
                                    ("SECRET", "By a shared secret"),
                                    ("HMAC", "By a signature of the body"),
                                ],
                                default="NONE",
                                max_length=6,
                            ),
                        ),
                        ("secret_number", models.PositiveIntegerField(default=1, editable=False)),
                        (
                            "honeypot",
                            models.CharField(
                                blank=True,
                                help_text="A field that people do not see: a delivery that fills it in makes no lead.",
                                max_length=100,
                                null=True,
                            ),
                        ),
                        (
                            "window_minutes",
                            models.PositiveIntegerField(
                                default=10,
                                help_text="Minutes in which an equal payload is the same delivery; 0 is never.",
                                validators=[django.core.validators.MaxValueValidator(1440)],
                            ),
                        ),
                        (
                            "rate_limit",
                            models.PositiveIntegerField(
                                default=600, help_text="Most deliveries in a minute; 0 for no limit."
                            ),
                        ),
                        (
                            "allowed_origins",
                            models.JSONField(
                                blank=True, db_default=models.Value([], models.JSONField()), default=list
                            ),
                        ),
                        (
                            "creates_leads",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="An e-mail from outside whose sender has no open lead makes one. Otherwise an e-mail of people whom nobody knows waits among the attempts.",
                                verbose_name="e-mails create leads",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("WEB", "By a request over the web"), ("MAIL", "By e-mail")],
                                db_default="WEB",
                                default="WEB",
                                max_length=4,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_default", True)),
                                fields=("company",),
                                name="lead_receiver_one_default",
                                violation_error_message="A company has one default receiver.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Lead",
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
                        ("custom_fields", models.JSONField(blank=True, default=dict)),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("title", models.CharField(max_length=255)),
                        ("firstname", models.CharField(blank=True, max_length=120, null=True)),
                        ("lastname", models.CharField(blank=True, max_length=120, null=True)),
                        (
                            "email",
                            models.CharField(
                                blank=True, max_length=254, null=True, validators=[crm.emails.check_email]
                            ),
                        ),
                        (
                            "phone",
                            models.CharField(
                                blank=True,
                                max_length=64,
                                null=True,
                                validators=[people.models.phones.check_phone],
                            ),
                        ),
                        (
                            "description",
                            models.TextField(
                                blank=True,
                                null=True,
                                validators=[django.core.validators.MaxLengthValidator(100000)],
                            ),
                        ),
                        (
                            "reason_lost",
                            models.TextField(
                                blank=True,
                                null=True,
                                validators=[django.core.validators.MaxLengthValidator(100000)],
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="leads",
                                to="people.person",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="leads",
                                to="people.organization",
                            ),
                        ),
                        (
                            "owner",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="owned_leads",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "receiver",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="leads",
                                to="leads.leadreceiver",
                            ),
                        ),
                        (
                            "status",
                            models.ForeignKey(
                                blank=True,
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="leads",
                                to="leads.leadstatus",
                            ),
                        ),
                        (
                            "type",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="leads",
                                to="leads.leadtype",
                            ),
                        ),
                        (
                            "source",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="leads",
                                to="leads.leadsource",
                            ),
                        ),
                        (
                            "lost_reason",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="leads",
                                to="leads.leadlostreason",
                            ),
                        ),
                        (
                            "pipeline",
                            models.ForeignKey(
                                blank=True,
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="leads",
                                to="pipelines.pipeline",
                            ),
                        ),
                        (
                            "stage",
                            models.ForeignKey(
                                blank=True,
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="leads",
                                to="pipelines.stage",
                            ),
                        ),
                        ("stage_changed_at", models.DateTimeField(blank=True, editable=False)),
                        ("last_activity_at", models.DateTimeField(blank=True, editable=False)),
                        (
                            "last_activity",
                            models.CharField(
                                choices=[
                                    ("STAGE", "entry into the stage"),
                                    ("NOTE", "note"),
                                    ("TASK", "task done"),
                                    ("CALL", "call"),
                                    ("MEETING", "meeting"),
                                    ("EMAIL", "e-mail"),
                                    ("MESSAGE", "message"),
                                    ("OWNER", "change of owner"),
                                    ("CHANGE", "change of the lead"),
                                ],
                                default="STAGE",
                                editable=False,
                                max_length=7,
                            ),
                        ),
                        ("closed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "email_canonical",
                            models.CharField(blank=True, editable=False, max_length=320, null=True),
                        ),
                        (
                            "phone_canonical",
                            models.CharField(blank=True, editable=False, max_length=64, null=True),
                        ),
                        ("search_text", models.TextField(blank=True, editable=False)),
                        ("tags", models.ManyToManyField(blank=True, related_name="+", to="crm.tag")),
                        (
                            "participants",
                            models.ManyToManyField(
                                related_name="+", through="leads.LeadParticipant", to=settings.AUTH_USER_MODEL
                            ),
                        ),
                        (
                            "followers",
                            models.ManyToManyField(
                                related_name="+", through="leads.LeadFollower", to=settings.AUTH_USER_MODEL
                            ),
                        ),
                        (
                            "phone_dialled",
                            models.CharField(blank=True, editable=False, max_length=64, null=True),
                        ),
                        (
                            "amount",
                            models.DecimalField(
                                blank=True,
                                decimal_places=2,
                                max_digits=14,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(
                                        0, "An amount cannot be negative."
                                    )
                                ],
                            ),
                        ),
                        (
                            "currency",
                            models.CharField(
                                blank=True, max_length=3, null=True, validators=[crm.money.check_currency]
                            ),
                        ),
                        (
                            "expected_close_on",
                            models.DateField(
                                blank=True,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(
                                        datetime.date(1970, 1, 1), "Enter a day from 1970 to 2199."
                                    ),
                                    django.core.validators.MaxValueValidator(
                                        datetime.date(2199, 12, 31), "Enter a day from 1970 to 2199."
                                    ),
                                ],
                            ),
                        ),
                        (
                            "probability",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(
                                        0, "Enter a whole number from 0 to 100."
                                    ),
                                    django.core.validators.MaxValueValidator(
                                        100, "Enter a whole number from 0 to 100."
                                    ),
                                ],
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                models.F("company"),
                                models.OrderBy(models.F("created_at"), descending=True),
                                models.F("id"),
                                condition=models.Q(("deleted_at__isnull", True)),
                                name="lead_newest_live",
                            ),
                            models.Index(fields=["company", "email_canonical"], name="lead_email"),
                            models.Index(fields=["company", "phone_canonical"], name="lead_phone"),
                            models.Index(fields=["company", "phone_dialled"], name="lead_phone_dialled"),
                            models.Index(
                                fields=["owner", "company", "id"],
                                include=("deleted_at",),
                                name="lead_of_owner",
                            ),
                            models.Index(
                                condition=models.Q(("deleted_at__isnull", True), ("amount__isnull", False)),
                                fields=["company", "expected_close_on"],
                                include=(
                                    "id",
                                    "status",
                                    "stage",
                                    "pipeline",
                                    "owner",
                                    "currency",
                                    "amount",
                                    "probability",
                                ),
                                name="lead_forecast",
                            ),
                            models.Index(
                                condition=models.Q(
                                    ("deleted_at__isnull", True), ("closed_at__isnull", False)
                                ),
                                fields=["company", "closed_at"],
                                include=(
                                    "id",
                                    "status",
                                    "stage",
                                    "stage_changed_at",
                                    "pipeline",
                                    "owner",
                                    "source",
                                    "type",
                                    "lost_reason",
                                    "currency",
                                    "amount",
                                    "created_at",
                                ),
                                name="lead_closed",
                            ),
                            models.Index(
                                condition=models.Q(("deleted_at__isnull", False)),
                                fields=["company", "id"],
                                name="lead_deleted",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("title", ""), _negated=True),
                                name="lead_title_not_empty",
                                violation_error_message="A lead has a title.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__gte", 0)), name="lead_amount_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("amount__isnull", True), ("currency__isnull", False), _connector="OR"
                                ),
                                name="lead_amount_has_currency",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("expected_close_on__gte", datetime.date(1970, 1, 1)),
                                    ("expected_close_on__lte", datetime.date(2199, 12, 31)),
                                ),
                                name="lead_close_in_calendar",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("probability__lte", 100)),
                                name="lead_probability_in_percent",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LeadFile",
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
                        (
                            "file",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="crm.filesystem",
                            ),
                        ),
                        ("field_name", models.CharField(blank=True, max_length=100, null=True)),
                        (
                            "lead",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="file_links",
                                to="leads.lead",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="LeadParticipant",
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
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "lead",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="participations",
                                to="leads.lead",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("lead", "user"),
                                name="lead_participant_once",
                                violation_error_message="This user takes part already.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LeadFollower",
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
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "lead",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="followings",
                                to="leads.lead",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("lead", "user"),
                                name="lead_follower_once",
                                violation_error_message="This user follows already.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LeadPerson",
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
                            "lead",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="people_participations",
                                to="leads.lead",
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lead_participations",
                                to="people.person",
                            ),
                        ),
                        (
                            "relationship",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="participations",
                                to="people.peoplerelationship",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "people of leads",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("lead", "person"),
                                name="lead_person_once",
                                violation_error_message="This person takes part already.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReceiverAttempt",
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
                        (
                            "receiver",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="attempts",
                                to="leads.leadreceiver",
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("RECEIVED", "Received"),
                                    ("PROCESSED", "Made a lead, or was logged"),
                                    ("FAILED", "Refused"),
                                    ("IGNORED", "Ignored"),
                                    ("UNMATCHED", "Waits for a person it matches"),
                                ],
                                default="RECEIVED",
                                max_length=9,
                            ),
                        ),
                        ("payload", models.JSONField()),
                        ("idempotency_key", models.CharField(max_length=255, null=True)),
                        ("fingerprint", models.CharField(max_length=64)),
                        ("count", models.PositiveIntegerField(default=1)),
                        ("last_seen_at", models.DateTimeField()),
                        (
                            "lead",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="attempts",
                                to="leads.lead",
                            ),
                        ),
                        ("errors", models.JSONField(null=True)),
                        ("replayed_at", models.DateTimeField(null=True)),
                        (
                            "replayed_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("key_order", models.JSONField(null=True)),
                        ("raw_body", models.BinaryField(null=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[("WEB", "By a request over the web"), ("MAIL", "By e-mail")],
                                db_default="WEB",
                                default="WEB",
                                max_length=4,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["receiver", "fingerprint", "created_at"],
                                name="receiver_attempt_again",
                            ),
                            models.Index(
                                models.F("company"),
                                models.F("status"),
                                models.OrderBy(models.F("id"), descending=True),
                                name="receiver_attempt_newest",
                            ),
                            models.Index(fields=["created_at"], name="receiver_attempt_by_age"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("idempotency_key__isnull", False)),
                                fields=("receiver", "idempotency_key"),
                                name="receiver_attempt_key_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LeadRoutingLog",
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
                        (
                            "lead",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="routing_logs",
                                to="leads.lead",
                            ),
                        ),
                        (
                            "receiver",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="leads.leadreceiver",
                            ),
                        ),
                        (
                            "rotation",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="leads.leadrotation",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "attempt",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="routing_logs",
                                to="leads.receiverattempt",
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("EXPLICIT", "Named by whoever made it"),
                                    ("ROTATION", "By rotation"),
                                    ("MEMBER", "By the member id of the payload"),
                                    ("RECEIVER_AGENT", "The receiver's agent"),
                                    ("COMPANY_DEFAULT", "The company's default owner"),
                                    ("CREATOR", "Whoever made it"),
                                    ("UNASSIGNED", "Nobody could be found"),
                                    ("FAILED", "The delivery was refused"),
                                ],
                                max_length=15,
                            ),
                        ),
                        ("door", models.CharField(max_length=8)),
                        ("detail", models.JSONField(default=dict)),
                        ("error", models.TextField(null=True)),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                models.F("company"),
                                models.OrderBy(models.F("id"), descending=True),
                                name="routing_log_newest",
                            ),
                            models.Index(fields=["lead", "id"], name="routing_log_of_lead"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StageVisit",
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
                        (
                            "lead",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="stage_visits",
                                to="leads.lead",
                            ),
                        ),
                        (
                            "stage",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="visits",
                                to="pipelines.stage",
                            ),
                        ),
                        ("stage_name", models.CharField(max_length=255)),
                        ("pipeline_name", models.CharField(max_length=255)),
                        ("entered_at", models.DateTimeField()),
                        ("left_at", models.DateTimeField(null=True)),
                        (
                            "user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("door", models.CharField(max_length=8)),
                        ("via", models.CharField(max_length=255, null=True)),
                        (
                            "next_stage",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="+",
                                to="pipelines.stage",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                fields=["stage", "entered_at"],
                                include=("company", "lead", "left_at", "next_stage"),
                                name="stage_visit_funnel",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("left_at", None)),
                                fields=("lead",),
                                name="stage_visit_one_open",
                                violation_error_message="A lead is in one stage at a time.",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("left_at", None),
                                    ("left_at__gte", models.F("entered_at")),
                                    _connector="OR",
                                ),
                                name="stage_visit_ends_after_start",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AmountTally",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("company_id", models.BigIntegerField()),
                        ("pipeline_id", models.BigIntegerField()),
                        ("stage_id", models.BigIntegerField()),
                        ("currency", models.CharField(max_length=3)),
                        ("n", models.BigIntegerField()),
                        ("amount", models.DecimalField(decimal_places=2, max_digits=30)),
                        (
                            "status",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="leads.leadstatus",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "tallies of amounts",
                        "indexes": [
                            models.Index(fields=["company_id", "stage_id"], name="amount_tally_of_stage")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReceivedMail",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("raw", models.BinaryField()),
                        ("size", models.PositiveBigIntegerField()),
                        (
                            "attempt",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="mail",
                                to="leads.receiverattempt",
                            ),
                        ),
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
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="LoggedMail",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("key", models.CharField(max_length=64)),
                        (
                            "attempt",
                            models.OneToOneField(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="logged_mail",
                                to="leads.receiverattempt",
                            ),
                        ),
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
                            models.UniqueConstraint(fields=("company", "key"), name="logged_mail_once")
                        ],
                    },
                ),
            ],
        ),
        PostgresSQL(
            "CREATE INDEX leads_lead_search ON leads_lead USING gin (search_text gin_trgm_ops)",
            "DROP INDEX leads_lead_search",
        ),
        PostgresSQL(
            "CREATE INDEX leads_lead_custom_fields ON leads_lead USING gin (custom_fields jsonb_path_ops)",
            "DROP INDEX leads_lead_custom_fields",
        ),
        TenantKey("leads_lead", "person_id", "people_person"),
        TenantKey("leads_lead", "organization_id", "people_organization"),
        TenantKey("leads_lead", "receiver_id", "leads_leadreceiver"),
        TenantKey("leads_lead", "status_id", "leads_leadstatus"),
        TenantKey("leads_lead", "type_id", "leads_leadtype"),
        TenantKey("leads_lead", "source_id", "leads_leadsource"),
        TenantKey("leads_lead", "lost_reason_id", "leads_leadlostreason"),
        TenantKey("leads_lead", "pipeline_id", "pipelines_pipeline"),
        TenantKey("leads_lead", "stage_id", "pipelines_stage"),
        TenantKey("leads_leadsource", "type_id", "leads_leadtype"),
        TenantKey("leads_leadreceiver", "source_id", "leads_leadsource"),
        TenantKey("leads_leadreceiver", "type_id", "leads_leadtype"),
        TenantKey("leads_leadreceiver", "rotation_id", "leads_leadrotation"),
        TenantKey("leads_leadrotationagent", "rotation_id", "leads_leadrotation"),
        TenantKey("leads_leadfile", "file_id", "crm_filesystem"),
        TenantKey("leads_leadfile", "lead_id", "leads_lead"),
        TenantKey("leads_receiverattempt", "receiver_id", "leads_leadreceiver"),
        TenantKey("leads_receiverattempt", "lead_id", "leads_lead"),
        TenantKey("leads_leadroutinglog", "lead_id", "leads_lead"),
        TenantKey("leads_leadroutinglog", "receiver_id", "leads_leadreceiver"),
        TenantKey("leads_leadroutinglog", "rotation_id", "leads_leadrotation"),
        TenantKey("leads_leadroutinglog", "attempt_id", "leads_receiverattempt"),
        TenantKey("leads_stagevisit", "lead_id", "leads_lead"),
        TenantKey("leads_stagevisit", "stage_id", "pipelines_stage"),
        TenantLink("leads_lead_tags", ("lead_id", "leads_lead"), ("tag_id", "crm_tag")),
        TenantLink(
            "leads_leadperson",
            ("lead_id", "leads_lead"),
            ("person_id", "people_person"),
            ("relationship_id", "people_peoplerelationship"),
        ),
        TallyRows("leads_lead", "LEAD", "pipeline_id", "stage_id"),
        TallyAmounts("leads_lead", "leads_amounttally", "pipeline_id", "stage_id", "status_id"),
        TenantKey("leads_receivedmail", "attempt_id", "leads_receiverattempt"),
        TenantKey("leads_loggedmail", "attempt_id", "leads_receiverattempt"),
        TenantKey("leads_stagevisit", "next_stage_id", "pipelines_stage"),
    ]
