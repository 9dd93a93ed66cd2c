"""The tables of people in one step, for new databases."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import crm.emails
import crm.models.texts
from crm.database.migration_operations import CreateModels, PostgresSQL
from crm.database.tally_triggers import TallyRows
from crm.database.tenant_keys import TenantKey, TenantLink


class Migration(migrations.Migration):
    replaces = [
        ("people", "0001_initial"),
        ("people", "0002_key_columns"),
        ("people", "0003_fill_keys"),
        ("people", "0004_unique_keys"),
        ("people", "0005_normalize_texts"),
        ("people", "0006_people_of_activities"),
        ("people", "0007_people_of_talks"),
    ]

    initial = True

    dependencies = [
        ("crm", "0001_squashed_0016_planned_activities"),
    ]

    operations = [
        CreateModels(
            models=[
                migrations.CreateModel(
                    name="Organization",
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
                        ("name", models.CharField(max_length=255)),
                        (
                            "email",
                            models.CharField(
                                blank=True, max_length=254, null=True, validators=[crm.emails.check_email]
                            ),
                        ),
                        ("address", models.CharField(blank=True, max_length=255, null=True)),
                        ("city", models.CharField(blank=True, max_length=120, null=True)),
                        ("state", models.CharField(blank=True, max_length=120, null=True)),
                        ("zip", models.CharField(blank=True, max_length=32, null=True)),
                        ("country", models.CharField(blank=True, max_length=120, null=True)),
                        (
                            "merged_into",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="merged",
                                to="people.organization",
                            ),
                        ),
                        (
                            "email_canonical",
                            models.CharField(blank=True, editable=False, max_length=320, null=True),
                        ),
                        (
                            "name_key",
                            crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
                        ),
                        ("search_text", models.TextField(blank=True, editable=False)),
                        ("tags", models.ManyToManyField(blank=True, related_name="+", to="crm.tag")),
                        ("comparable_key", models.CharField(blank=True, editable=False, max_length=255)),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                models.F("company"),
                                models.OrderBy(models.F("created_at"), descending=True),
                                models.F("id"),
                                condition=models.Q(("deleted_at__isnull", True)),
                                name="organization_newest_live",
                            ),
                            models.Index(fields=["company", "email_canonical"], name="organization_email"),
                            models.Index(fields=["company", "name_key"], name="organization_name_key"),
                            models.Index(
                                fields=["company", "comparable_key"], name="organization_comparable_key"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OrganizationFile",
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
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="file_links",
                                to="people.organization",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Person",
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
                        ("firstname", models.CharField(blank=True, max_length=120, null=True)),
                        ("middlename", models.CharField(blank=True, max_length=120, null=True)),
                        ("lastname", models.CharField(blank=True, max_length=120, null=True)),
                        ("name", models.CharField(blank=True, editable=False, max_length=362, null=True)),
                        (
                            "email",
                            models.CharField(
                                blank=True,
                                max_length=254,
                                null=True,
                                validators=[crm.emails.check_email],
                                verbose_name="primary email",
                            ),
                        ),
                        ("dob", models.DateField(blank=True, null=True, verbose_name="date of birth")),
                        (
                            "merged_into",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="merged",
                                to="people.person",
                            ),
                        ),
                        (
                            "email_canonical",
                            models.CharField(blank=True, editable=False, max_length=320, null=True),
                        ),
                        ("search_text", models.TextField(blank=True, editable=False)),
                        ("tags", models.ManyToManyField(blank=True, related_name="+", to="crm.tag")),
                        (
                            "organizations",
                            models.ManyToManyField(
                                blank=True, related_name="people", to="people.organization"
                            ),
                        ),
                        (
                            "talks",
                            models.ManyToManyField(
                                editable=False,
                                related_name="people_participants",
                                through="people.ActivityPerson",
                                to="crm.activity",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "people",
                        "indexes": [
                            models.Index(
                                models.F("company"),
                                models.OrderBy(models.F("created_at"), descending=True),
                                models.F("id"),
                                condition=models.Q(("deleted_at__isnull", True)),
                                name="person_newest_live",
                            ),
                            models.Index(fields=["company", "email_canonical"], name="person_email"),
                            models.Index(fields=["company", "name"], name="person_name"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PersonFile",
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
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="file_links",
                                to="people.person",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="ContactType",
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
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="crm.company",
                            ),
                        ),
                        ("name", models.CharField(max_length=120)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("EMAIL", "E-mail"),
                                    ("PHONE", "Phone"),
                                    ("CELLPHONE", "Cellphone"),
                                    ("OTHER", "Other"),
                                ],
                                default="OTHER",
                                max_length=9,
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
                                name="contact_type_name_once",
                                violation_error_message="A contact type of this name exists already.",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("company", None)),
                                fields=("name_key",),
                                name="shared_contact_type_name_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Contact",
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
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="contacts",
                                to="people.person",
                            ),
                        ),
                        (
                            "type",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="+",
                                to="people.contacttype",
                            ),
                        ),
                        ("value", models.CharField(max_length=255)),
                        (
                            "canonical",
                            models.CharField(blank=True, editable=False, max_length=320, null=True),
                        ),
                        ("weight", models.IntegerField(default=0)),
                        ("dialled", models.CharField(blank=True, editable=False, max_length=64, null=True)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["company", "canonical"], name="contact_canonical"),
                            models.Index(
                                condition=models.Q(("dialled__isnull", False)),
                                fields=["company", "dialled"],
                                name="contact_dialled",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Address",
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
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="addresses",
                                to="people.person",
                            ),
                        ),
                        ("address", models.CharField(blank=True, max_length=255, null=True)),
                        ("address_2", models.CharField(blank=True, max_length=255, null=True)),
                        ("city", models.CharField(blank=True, max_length=120, null=True)),
                        ("county", models.CharField(blank=True, max_length=120, null=True)),
                        ("state", models.CharField(blank=True, max_length=120, null=True)),
                        ("zip", models.CharField(blank=True, max_length=32, null=True)),
                        ("country", models.CharField(blank=True, max_length=120, null=True)),
                        ("is_default", models.BooleanField(default=False)),
                    ],
                    options={
                        "verbose_name_plural": "addresses",
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_default", True)),
                                fields=("person",),
                                name="address_one_default",
                                violation_error_message="A person has one default address.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Merge",
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
                            "model",
                            models.CharField(
                                choices=[
                                    ("LEAD", "Lead"),
                                    ("PEOPLE", "Person"),
                                    ("ORGANIZATION", "Organization"),
                                ],
                                max_length=12,
                            ),
                        ),
                        ("winner_id", models.BigIntegerField()),
                        ("losers", models.JSONField(default=list)),
                        ("journal", models.JSONField(default=dict)),
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
                        ("undone_at", models.DateTimeField(null=True)),
                        (
                            "undone_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["company", "model", "winner_id"], name="merge_of_record")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PeopleRelationship",
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
                        ("description", models.TextField(blank=True, null=True)),
                        (
                            "name_key",
                            crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("company", "name_key"),
                                name="people_relationship_name_once",
                                violation_error_message="A relationship of this name exists already.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Employment",
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
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="employments",
                                to="people.person",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="employments",
                                to="people.organization",
                            ),
                        ),
                        ("position", models.CharField(max_length=255)),
                        (
                            "income",
                            models.DecimalField(blank=True, decimal_places=2, max_digits=15, null=True),
                        ),
                        ("income_type", models.CharField(blank=True, max_length=64, null=True)),
                        ("start_date", models.DateField(blank=True, null=True)),
                        ("end_date", models.DateField(blank=True, null=True)),
                        (
                            "status",
                            models.SmallIntegerField(choices=[(1, "Current"), (0, "Past")], default=1),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "employment history",
                    },
                ),
                migrations.CreateModel(
                    name="ActivityPerson",
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
                            "activity",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="people_participations",
                                to="crm.activity",
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="activity_participations",
                                to="people.person",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("activity", "person"),
                                name="activity_person_once",
                                violation_error_message="This person takes part already.",
                            )
                        ],
                        "verbose_name_plural": "people of activities",
                    },
                ),
            ],
        ),
        PostgresSQL("CREATE EXTENSION IF NOT EXISTS pg_trgm", PostgresSQL.noop),
        PostgresSQL(
            "CREATE INDEX people_person_search ON people_person USING gin (search_text gin_trgm_ops)",
            "DROP INDEX people_person_search",
        ),
        PostgresSQL(
            "CREATE INDEX people_organization_search ON people_organization"
            " USING gin (search_text gin_trgm_ops)",
            "DROP INDEX people_organization_search",
        ),
        PostgresSQL(
            "CREATE INDEX people_person_custom_fields ON people_person"
            " USING gin (custom_fields jsonb_path_ops)",
            "DROP INDEX people_person_custom_fields",
        ),
        PostgresSQL(
            "CREATE INDEX people_organization_custom_fields ON people_organization"
            " USING gin (custom_fields jsonb_path_ops)",
            "DROP INDEX people_organization_custom_fields",
        ),
        TenantKey("people_person", "merged_into_id", "people_person"),
        TenantKey("people_organization", "merged_into_id", "people_organization"),
        TenantKey("people_contact", "person_id", "people_person"),
        TenantKey("people_address", "person_id", "people_person"),
        TenantKey("people_employment", "person_id", "people_person"),
        TenantKey("people_employment", "organization_id", "people_organization"),
        TenantKey("people_personfile", "file_id", "crm_filesystem"),
        TenantKey("people_personfile", "person_id", "people_person"),
        TenantKey("people_organizationfile", "file_id", "crm_filesystem"),
        TenantKey("people_organizationfile", "organization_id", "people_organization"),
        TenantLink(
            "people_organization_tags", ("organization_id", "people_organization"), ("tag_id", "crm_tag")
        ),
        TenantLink("people_person_tags", ("person_id", "people_person"), ("tag_id", "crm_tag")),
        TenantLink(
            "people_person_organizations",
            ("person_id", "people_person"),
            ("organization_id", "people_organization"),
        ),
        TenantLink("people_contact", ("person_id", "people_person"), ("type_id", "people_contacttype")),
        TallyRows("people_person", "PEOPLE"),
        TallyRows("people_organization", "ORGANIZATION"),
        TenantLink("people_activityperson", ("activity_id", "crm_activity"), ("person_id", "people_person")),
    ]
