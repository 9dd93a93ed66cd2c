"""The tables of crm in one step, for new databases."""

import uuid

import django.contrib.auth.validators
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import crm.models.accounts
import crm.models.events
import crm.models.files
import crm.models.texts
import crm.models.tokens
import crm.models.webhooks
from crm.database.migration_operations import CreateModels
from crm.database.tally_triggers import FoldTallies
from crm.database.tenant_keys import TenantKey


class Migration(migrations.Migration):
    replaces = [
        ("crm", "0001_initial"),
        ("crm", "0002_key_columns"),
        ("crm", "0003_fill_keys"),
        ("crm", "0004_unique_keys"),
        ("crm", "0005_normalize_texts"),
        ("crm", "0006_user_addresses"),
        ("crm", "0007_sign_ins_and_invitations"),
        ("crm", "0008_file_usage"),
        ("crm", "0009_background_work"),
        ("crm", "0010_sign_in"),
        ("crm", "0011_activities_and_currency"),
        ("crm", "0012_started_activities"),
        ("crm", "0013_events_of_every_kind"),
        ("crm", "0014_calendar_feeds"),
        ("crm", "0015_notifications"),
        ("crm", "0016_planned_activities"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        CreateModels(
            models=[
                migrations.CreateModel(
                    name="User",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("password", models.CharField(max_length=128, verbose_name="password")),
                        (
                            "last_login",
                            models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                        ),
                        (
                            "is_superuser",
                            models.BooleanField(
                                default=False,
                                help_text="Designates that this user has all permissions without explicitly assigning them.",
                                verbose_name="superuser status",
                            ),
                        ),
                        (
                            "username",
                            models.CharField(
                                error_messages={"unique": "A user with that username already exists."},
                                help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                                max_length=150,
                                unique=True,
                                validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                                verbose_name="username",
                            ),
                        ),
                        (
                            "first_name",
                            models.CharField(blank=True, max_length=150, verbose_name="first name"),
                        ),
                        ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                        (
                            "email",
                            models.EmailField(blank=True, max_length=254, verbose_name="email address"),
                        ),
                        (
                            "is_staff",
                            models.BooleanField(
                                default=False,
                                help_text="Designates whether the user can log into this admin site.",
                                verbose_name="staff status",
                            ),
                        ),
                        (
                            "is_active",
                            models.BooleanField(
                                default=True,
                                help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                                verbose_name="active",
                            ),
                        ),
                        (
                            "date_joined",
                            models.DateTimeField(
                                default=django.utils.timezone.now, verbose_name="date joined"
                            ),
                        ),
                        ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ("displayname", models.CharField(blank=True, max_length=150)),
                        ("timezone", models.CharField(blank=True, max_length=64, null=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        (
                            "groups",
                            models.ManyToManyField(
                                blank=True,
                                help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.group",
                                verbose_name="groups",
                            ),
                        ),
                        (
                            "user_permissions",
                            models.ManyToManyField(
                                blank=True,
                                help_text="Specific permissions for this user.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.permission",
                                verbose_name="user permissions",
                            ),
                        ),
                        (
                            "email_canonical",
                            models.CharField(db_index=True, editable=False, max_length=320, null=True),
                        ),
                        (
                            "username_canonical",
                            models.CharField(editable=False, max_length=320, null=True, unique=True),
                        ),
                    ],
                    options={
                        "verbose_name": "user",
                        "verbose_name_plural": "users",
                        "abstract": False,
                    },
                    managers=[
                        ("objects", crm.models.accounts.CrmUserManager()),
                    ],
                ),
                migrations.CreateModel(
                    name="Company",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ("name", models.CharField(max_length=255)),
                        ("website", models.CharField(blank=True, max_length=255, null=True)),
                        ("email", models.EmailField(blank=True, max_length=254, null=True)),
                        ("phone", models.CharField(blank=True, max_length=64, null=True)),
                        ("address", models.CharField(blank=True, max_length=255, null=True)),
                        ("address_2", models.CharField(blank=True, max_length=255, null=True)),
                        ("city", models.CharField(blank=True, max_length=120, null=True)),
                        ("state", models.CharField(blank=True, max_length=120, null=True)),
                        ("zip", models.CharField(blank=True, max_length=32, null=True)),
                        ("country", models.CharField(blank=True, max_length=120, null=True)),
                        ("language", models.CharField(blank=True, max_length=16, null=True)),
                        ("timezone", models.CharField(blank=True, max_length=64, null=True)),
                        (
                            "region",
                            models.CharField(
                                default="US",
                                help_text="Country code that phone numbers without a prefix belong to.",
                                max_length=2,
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True)),
                        (
                            "lead_visibility",
                            models.CharField(
                                choices=[("ALL", "All leads"), ("OWN", "Own leads only")],
                                default="ALL",
                                max_length=8,
                            ),
                        ),
                        ("reason_lost_required", models.BooleanField(default=False)),
                        (
                            "flag_duplicate_leads",
                            models.BooleanField(
                                default=False,
                                help_text="A further lead of a person with an open one gets the status Duplicate.",
                                verbose_name="one open lead per person",
                            ),
                        ),
                        (
                            "registered_documents_only",
                            models.BooleanField(
                                default=False,
                                help_text="The API runs no other documents than registered ones.",
                            ),
                        ),
                        (
                            "default_owner",
                            models.ForeignKey(
                                blank=True,
                                help_text="Who owns leads that neither a rotation nor a receiver gives to anybody.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "second_factor_required",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="Members sign in with a code of an authenticator app too. Members without one are asked to set it up before they can go on. API tokens keep working.",
                            ),
                        ),
                        (
                            "amount_custom_field",
                            models.CharField(
                                blank=True,
                                help_text="Name of the custom field whose number becomes the amount of a new lead that has none.",
                                max_length=255,
                                null=True,
                            ),
                        ),
                        (
                            "currency",
                            models.CharField(
                                db_default="USD",
                                default="USD",
                                help_text="ISO 4217 code of the currency of amounts that come without one, such as EUR.",
                                max_length=3,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name_plural": "companies",
                    },
                ),
                migrations.CreateModel(
                    name="Absence",
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
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="absences",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("starts_at", models.DateTimeField()),
                        ("ends_at", models.DateTimeField()),
                        ("reason", models.CharField(blank=True, max_length=255, null=True)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["company", "user", "ends_at"], name="absence_of_member")
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                                name="absence_ends_after_start",
                                violation_error_message="An absence ends after it starts.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Activity",
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
                            "content_type",
                            models.ForeignKey(
                                editable=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="contenttypes.contenttype",
                            ),
                        ),
                        ("object_id", models.BigIntegerField(editable=False)),
                        ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("version", models.PositiveIntegerField(default=1, editable=False)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("NOTE", "Note"),
                                    ("TASK", "Task"),
                                    ("CALL", "Call"),
                                    ("MEETING", "Meeting"),
                                    ("EMAIL", "E-mail"),
                                ],
                                default="NOTE",
                                max_length=7,
                            ),
                        ),
                        (
                            "text",
                            models.TextField(
                                blank=True, validators=[django.core.validators.MaxLengthValidator(100000)]
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "assignee",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="tasks",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("due_at", models.DateTimeField(blank=True, null=True)),
                        ("done_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "done_by",
                            models.ForeignKey(
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("door", models.CharField(default="graphql", editable=False, max_length=8)),
                        (
                            "direction",
                            models.CharField(
                                blank=True,
                                choices=[("IN", "Incoming"), ("OUT", "Outgoing")],
                                max_length=3,
                                null=True,
                            ),
                        ),
                        (
                            "minutes",
                            models.PositiveIntegerField(
                                blank=True,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(10080),
                                ],
                            ),
                        ),
                        ("outcome", models.CharField(blank=True, max_length=255, null=True)),
                        (
                            "previous",
                            models.OneToOneField(
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="next",
                                to="crm.activity",
                            ),
                        ),
                        (
                            "priority",
                            models.CharField(
                                choices=[("LOW", "Low"), ("NORMAL", "Normal"), ("HIGH", "High")],
                                db_default="NORMAL",
                                default="NORMAL",
                                max_length=6,
                            ),
                        ),
                        ("recurrence", models.CharField(blank=True, max_length=255, null=True)),
                        ("remind_at", models.DateTimeField(blank=True, null=True)),
                        ("starts_at", models.DateTimeField(blank=True, null=True)),
                        ("subject", models.CharField(blank=True, max_length=255, null=True)),
                        (
                            "participants",
                            models.ManyToManyField(
                                related_name="+",
                                through="crm.ActivityParticipant",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("is_awaited", models.BooleanField(db_default=False, default=False, editable=False)),
                    ],
                    options={
                        "verbose_name_plural": "activities",
                        "indexes": [
                            models.Index(
                                models.F("content_type"),
                                models.F("object_id"),
                                models.OrderBy(models.F("id"), descending=True),
                                name="activity_of_record",
                            ),
                            models.Index(
                                condition=models.Q(("deleted_at__isnull", True), ("is_awaited", True)),
                                fields=["starts_at"],
                                name="activity_awaited",
                            ),
                            models.Index(
                                django.db.models.functions.comparison.Coalesce("remind_at", "due_at"),
                                condition=models.Q(
                                    ("deleted_at__isnull", True),
                                    ("assignee__isnull", False),
                                    ("done_at", None),
                                ),
                                name="activity_reminder",
                            ),
                            models.Index(
                                models.F("assignee"),
                                django.db.models.functions.comparison.Coalesce("due_at", "starts_at"),
                                condition=models.Q(
                                    ("deleted_at__isnull", True),
                                    ("done_at", None),
                                    ("kind__in", ["CALL", "MEETING", "TASK"]),
                                ),
                                name="activity_open",
                            ),
                            models.Index(
                                models.F("company"),
                                django.db.models.functions.comparison.Coalesce("due_at", "starts_at"),
                                condition=models.Q(
                                    ("deleted_at__isnull", True),
                                    ("done_at", None),
                                    ("kind__in", ["CALL", "MEETING", "TASK"]),
                                ),
                                name="activity_planned",
                            ),
                            models.Index(
                                condition=models.Q(
                                    ("deleted_at__isnull", True), ("starts_at__isnull", False)
                                ),
                                fields=["company", "starts_at"],
                                name="activity_starts",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SocialChannel",
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
                        ("slug", models.CharField(max_length=120)),
                        ("description", models.TextField(blank=True, null=True)),
                        (
                            "content_type",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="contenttypes.contenttype",
                            ),
                        ),
                        ("object_id", models.BigIntegerField()),
                        (
                            "users",
                            models.ManyToManyField(
                                related_name="social_channels",
                                through="crm.ChannelMember",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["content_type", "object_id"], name="channel_entity")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ChannelMember",
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
                            "channel",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="members",
                                to="crm.socialchannel",
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
                        ("is_admin", models.BooleanField(default=False)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("channel", "user"), name="channel_member_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Membership",
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
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="memberships",
                                to="crm.company",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="memberships",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "role",
                            models.CharField(
                                choices=[
                                    ("VIEWER", "Viewer"),
                                    ("AGENT", "Agent"),
                                    ("MANAGER", "Manager"),
                                    ("ADMIN", "Admin"),
                                ],
                                default="AGENT",
                                max_length=8,
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True)),
                        (
                            "is_default",
                            models.BooleanField(
                                default=False, help_text="The company this user works in unless told."
                            ),
                        ),
                        (
                            "member_id",
                            models.CharField(
                                blank=True,
                                help_text="What other systems of the company call this member.",
                                max_length=64,
                                null=True,
                            ),
                        ),
                        (
                            "capacity",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Most open leads that a rotation fills up to; empty for no limit.",
                                null=True,
                            ),
                        ),
                        (
                            "digest_hour",
                            models.PositiveSmallIntegerField(
                                db_default=8,
                                default=8,
                                help_text="Hour of the day, in the member's time zone, from which the daily mail is sent.",
                                validators=[
                                    django.core.validators.MaxValueValidator(
                                        23, message="Enter an hour of the day, 0 to 23."
                                    )
                                ],
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("company", "user"),
                                name="membership_once",
                                violation_error_message="This user is already a member of the company.",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("is_default", True)),
                                fields=("user",),
                                name="membership_one_default",
                                violation_error_message="This user already has a default company.",
                            ),
                            models.UniqueConstraint(
                                fields=("company", "member_id"),
                                name="membership_member_id_once",
                                violation_error_message="Another member has this member id.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CustomFieldDefinition",
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
                        ("name", models.CharField(max_length=100)),
                        ("label", models.CharField(blank=True, max_length=255, null=True)),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("TEXT", "Text"),
                                    ("NUMBER", "Number"),
                                    ("DATE", "Date"),
                                    ("BOOLEAN", "Yes or no"),
                                    ("CHOICE", "Choice"),
                                    ("URL", "Web address"),
                                ],
                                default="TEXT",
                                max_length=7,
                            ),
                        ),
                        ("choices", models.JSONField(blank=True, default=list)),
                        ("required", models.BooleanField(default=False)),
                        ("weight", models.IntegerField(default=0)),
                        (
                            "name_key",
                            crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("company", "model", "name_key"),
                                name="custom_field_name_once",
                                violation_error_message="A custom field of this name exists already.",
                            )
                        ],
                    },
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
                        ("hash", models.CharField(max_length=64, verbose_name="SHA-256")),
                        (
                            "name",
                            models.CharField(
                                help_text="Its operations, by which people know it.", max_length=255
                            ),
                        ),
                        ("text", models.TextField()),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("company", "hash"), name="registered_document_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("company", None)),
                                fields=("hash",),
                                name="registered_document_of_all_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "company",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="crm.company",
                            ),
                        ),
                        ("entity", models.CharField(max_length=16)),
                        ("object_id", models.BigIntegerField()),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("created", "Created"),
                                    ("updated", "Changed"),
                                    ("deleted", "Deleted"),
                                    ("restored", "Restored"),
                                    ("merged", "Merged into another one"),
                                    ("bulk", "Many at once"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("audience", models.JSONField(null=True)),
                        ("changes", models.JSONField(default=dict)),
                        ("actor_id", models.BigIntegerField(null=True)),
                        (
                            "door",
                            models.CharField(
                                choices=[
                                    ("admin", "admin"),
                                    ("graphql", "graphql"),
                                    ("import", "import"),
                                    ("command", "command"),
                                    ("webhook", "webhook"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("seq", models.BigIntegerField(null=True, unique=True)),
                        ("changed", models.JSONField(db_default=[], default=list)),
                        ("winner_id", models.BigIntegerField(null=True)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["company", "seq"], name="event_log"),
                            models.Index(
                                condition=models.Q(("seq", None)), fields=["id"], name="event_unnumbered"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="EventCounter",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("value", models.BigIntegerField(default=0)),
                        ("floor", models.BigIntegerField(default=0)),
                        ("epoch", models.CharField(default=crm.models.events.new_epoch, max_length=12)),
                    ],
                ),
                migrations.CreateModel(
                    name="Filesystem",
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
                        ("name", models.CharField(max_length=255)),
                        (
                            "url",
                            models.CharField(
                                blank=True,
                                default="",
                                max_length=2048,
                                validators=[django.core.validators.URLValidator(schemes=["http", "https"])],
                            ),
                        ),
                        (
                            "stored",
                            models.FileField(
                                blank=True,
                                editable=False,
                                max_length=255,
                                null=True,
                                upload_to=crm.models.files.stored_name,
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("type", models.CharField(blank=True, max_length=120, null=True)),
                        ("size", models.BigIntegerField(default=0)),
                        ("attributes", models.JSONField(blank=True, null=True)),
                    ],
                    options={
                        "verbose_name": "file",
                    },
                ),
                migrations.CreateModel(
                    name="HistoryEntry",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "content_type",
                            models.ForeignKey(
                                editable=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="contenttypes.contenttype",
                            ),
                        ),
                        ("object_id", models.BigIntegerField(editable=False)),
                        (
                            "company",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="crm.company",
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
                            "kind",
                            models.CharField(
                                choices=[
                                    ("CREATED", "Created"),
                                    ("UPDATED", "Changed"),
                                    ("DELETED", "Deleted"),
                                    ("RESTORED", "Restored"),
                                    ("MERGED", "Merged"),
                                    ("UNMERGED", "Merge undone"),
                                    ("ROUTED", "Assigned by routing"),
                                ],
                                max_length=8,
                            ),
                        ),
                        (
                            "door",
                            models.CharField(
                                choices=[
                                    ("admin", "admin"),
                                    ("graphql", "graphql"),
                                    ("import", "import"),
                                    ("command", "command"),
                                    ("webhook", "webhook"),
                                ],
                                max_length=8,
                            ),
                        ),
                        (
                            "via",
                            models.CharField(
                                help_text="The token, receiver or import that the change came by.",
                                max_length=255,
                                null=True,
                            ),
                        ),
                        ("changes", models.JSONField(default=dict)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "verbose_name_plural": "history",
                        "indexes": [
                            models.Index(
                                models.F("content_type"),
                                models.F("object_id"),
                                models.OrderBy(models.F("id"), descending=True),
                                name="history_of_record",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="IdempotencyKey",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "company",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="crm.company",
                            ),
                        ),
                        ("account", models.CharField(max_length=64)),
                        ("key", models.CharField(max_length=255)),
                        ("response_key", models.CharField(max_length=255)),
                        ("fingerprint", models.CharField(max_length=64)),
                        ("result", models.JSONField(null=True)),
                        ("answer", models.JSONField(null=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("company", "account", "key", "response_key"),
                                name="idempotency_key_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ImportJob",
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
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
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
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("QUEUED", "Queued"),
                                    ("RUNNING", "Running"),
                                    ("COMPLETED", "Completed"),
                                    ("FAILED", "Failed"),
                                ],
                                default="QUEUED",
                                max_length=9,
                            ),
                        ),
                        (
                            "on_duplicate",
                            models.CharField(
                                choices=[
                                    ("UPDATE", "Update it"),
                                    ("SKIP", "Skip the row"),
                                    ("CREATE", "Create another"),
                                    ("ERROR", "Refuse the row"),
                                ],
                                default="UPDATE",
                                max_length=6,
                            ),
                        ),
                        ("dry_run", models.BooleanField(default=False)),
                        ("door", models.CharField(max_length=8)),
                        ("filename", models.CharField(max_length=255, null=True)),
                        ("payload", models.JSONField(null=True)),
                        ("fingerprint", models.CharField(max_length=64)),
                        ("total", models.PositiveIntegerField(default=0)),
                        ("processed", models.PositiveIntegerField(default=0)),
                        ("created", models.PositiveIntegerField(default=0)),
                        ("updated", models.PositiveIntegerField(default=0)),
                        ("skipped", models.PositiveIntegerField(default=0)),
                        ("failed", models.PositiveIntegerField(default=0)),
                        ("error", models.TextField(null=True)),
                        ("finished_at", models.DateTimeField(null=True)),
                        (
                            "leased_by",
                            models.CharField(blank=True, default="", editable=False, max_length=32),
                        ),
                        ("leased_until", models.DateTimeField(editable=False, null=True)),
                        ("starts", models.PositiveIntegerField(default=0)),
                    ],
                    options={
                        "indexes": [
                            models.Index(fields=["company", "fingerprint"], name="import_fingerprint")
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("status__in", ["QUEUED", "RUNNING"])),
                                fields=("company", "fingerprint"),
                                name="import_runs_once",
                                violation_error_message="The same import is running.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ImportRowError",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="row_errors",
                                to="crm.importjob",
                            ),
                        ),
                        ("row", models.PositiveIntegerField()),
                        ("field", models.CharField(max_length=255, null=True)),
                        ("code", models.CharField(max_length=32)),
                        ("message", models.TextField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["job", "row", "id"], name="import_errors_in_order")],
                    },
                ),
                migrations.CreateModel(
                    name="Message",
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
                            "channel",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="messages",
                                to="crm.socialchannel",
                            ),
                        ),
                        (
                            "parent",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="replies",
                                to="crm.message",
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
                        ("message", models.JSONField()),
                        ("message_verb", models.CharField(default="comment", max_length=64)),
                        ("is_system", models.BooleanField(default=False)),
                        ("slug", models.CharField(blank=True, max_length=120, null=True)),
                        ("door", models.CharField(default="graphql", editable=False, max_length=8)),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                models.F("channel"),
                                models.OrderBy(models.F("id"), descending=True),
                                name="message_newest",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MessageFile",
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
                            "message",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="file_links",
                                to="crm.message",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Tag",
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
                        ("slug", models.CharField(blank=True, max_length=120)),
                        ("weight", models.IntegerField(default=0)),
                        ("is_feature", models.BooleanField(default=False)),
                        (
                            "name_key",
                            crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("company", "slug"),
                                name="tag_slug_once",
                                violation_error_message="A tag of this slug exists already.",
                            ),
                            models.UniqueConstraint(
                                fields=("company", "name_key"),
                                name="tag_name_once",
                                violation_error_message="A tag of this name exists already.",
                            ),
                        ],
                    },
                ),
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
                                choices=[
                                    ("LEAD", "Lead"),
                                    ("PEOPLE", "Person"),
                                    ("ORGANIZATION", "Organization"),
                                ],
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
                migrations.CreateModel(
                    name="ApiToken",
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
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="api_tokens",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("name", models.CharField(blank=True, max_length=120)),
                        ("prefix", models.CharField(editable=False, max_length=16)),
                        ("hash", models.CharField(editable=False, max_length=64, unique=True)),
                        ("scopes", models.JSONField(default=crm.models.tokens.default_scopes)),
                        ("expires_at", models.DateTimeField(blank=True, null=True)),
                        ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                    ],
                    options={
                        "verbose_name": "API token",
                    },
                ),
                migrations.CreateModel(
                    name="WebhookEndpoint",
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
                        ("url", models.CharField(max_length=2000, verbose_name="URL")),
                        ("kinds", models.JSONField(default=crm.models.webhooks.default_kinds)),
                        ("filter", models.JSONField(blank=True, null=True)),
                        ("is_active", models.BooleanField(default=True)),
                        ("secret", models.CharField(editable=False, max_length=80)),
                        ("previous_secret", models.CharField(editable=False, max_length=80, null=True)),
                        ("previous_secret_until", models.DateTimeField(editable=False, null=True)),
                        ("position", models.BigIntegerField(default=0, editable=False)),
                        ("missed_at", models.DateTimeField(editable=False, null=True)),
                        ("paused_at", models.DateTimeField(editable=False, null=True)),
                        ("pause_reason", models.CharField(blank=True, editable=False, max_length=255)),
                        ("failing_since", models.DateTimeField(editable=False, null=True)),
                        ("failures", models.PositiveIntegerField(default=0, editable=False)),
                        ("last_success_at", models.DateTimeField(editable=False, null=True)),
                        ("held_until", models.DateTimeField(editable=False, null=True)),
                        (
                            "leased_by",
                            models.CharField(blank=True, default="", editable=False, max_length=32),
                        ),
                        ("leased_until", models.DateTimeField(editable=False, null=True)),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="WebhookDelivery",
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
                            "endpoint",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="deliveries",
                                to="crm.webhookendpoint",
                            ),
                        ),
                        (
                            "message_id",
                            models.CharField(
                                default=crm.models.webhooks.new_message_id, max_length=40, unique=True
                            ),
                        ),
                        ("seq", models.BigIntegerField(null=True)),
                        ("place", models.BigIntegerField()),
                        ("type", models.CharField(max_length=32)),
                        ("object_id", models.BigIntegerField(null=True)),
                        ("changes", models.JSONField(default=dict)),
                        ("cursor", models.CharField(blank=True, max_length=64)),
                        ("occurred_at", models.DateTimeField()),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("PENDING", "Waiting"),
                                    ("DELIVERED", "Delivered"),
                                    ("FAILED", "Given up"),
                                ],
                                default="PENDING",
                                max_length=9,
                            ),
                        ),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("next_attempt_at", models.DateTimeField(null=True)),
                        ("last_attempt_at", models.DateTimeField(null=True)),
                        ("response_status", models.PositiveSmallIntegerField(null=True)),
                        ("error", models.CharField(blank=True, max_length=255)),
                        (
                            "duration_ms",
                            models.PositiveIntegerField(null=True, verbose_name="duration in ms"),
                        ),
                        ("finished_at", models.DateTimeField(null=True)),
                        ("winner_id", models.BigIntegerField(null=True)),
                    ],
                    options={
                        "verbose_name_plural": "webhook deliveries",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("status", "PENDING")),
                                fields=["endpoint", "next_attempt_at", "place", "id"],
                                name="webhook_due",
                            ),
                            models.Index(fields=["created_at"], name="webhook_by_age"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("endpoint", "seq"), name="webhook_event_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SignInFailures",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=64, unique=True)),
                        ("times", models.JSONField(default=list)),
                        ("noted_until", models.FloatField(default=0)),
                        ("updated_at", models.DateTimeField(auto_now=True, db_index=True)),
                    ],
                ),
                migrations.CreateModel(
                    name="AuditEntry",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(auto_now_add=True, db_index=True, verbose_name="time"),
                        ),
                        (
                            "event",
                            models.CharField(
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
                                    ("INVITATION_SENT", "Invitation sent"),
                                    ("INVITATION_ACCEPTED", "Invitation accepted"),
                                    ("INVITATION_WITHDRAWN", "Invitation withdrawn"),
                                ],
                                max_length=24,
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[("DONE", "Done"), ("FAILED", "Failed"), ("REFUSED", "Refused")],
                                default="DONE",
                                max_length=8,
                            ),
                        ),
                        ("address", models.GenericIPAddressField(null=True)),
                        ("user_agent", models.CharField(blank=True, max_length=200)),
                        ("detail", models.CharField(blank=True, max_length=255)),
                        (
                            "by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "company",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="crm.company",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="account",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "audit entry",
                        "verbose_name_plural": "audit entries",
                    },
                ),
                migrations.CreateModel(
                    name="Invitation",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("email", models.CharField(max_length=320)),
                        ("hash", models.CharField(editable=False, max_length=64, unique=True)),
                        ("expires_at", models.DateTimeField()),
                        ("sent_at", models.DateTimeField(null=True)),
                        ("fault", models.CharField(blank=True, max_length=255)),
                        ("accepted_at", models.DateTimeField(null=True)),
                        ("withdrawn_at", models.DateTimeField(null=True)),
                        (
                            "invited_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "membership",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="invitation",
                                to="crm.membership",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="FileUsage",
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
                        ("files", models.BigIntegerField(default=0)),
                        ("bytes", models.BigIntegerField(default=0)),
                    ],
                ),
                migrations.CreateModel(
                    name="WorkPart",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "leased_by",
                            models.CharField(blank=True, default="", editable=False, max_length=32),
                        ),
                        ("leased_until", models.DateTimeField(editable=False, null=True)),
                        ("name", models.CharField(max_length=40, unique=True)),
                        ("next_run_at", models.DateTimeField(null=True)),
                        ("last_started_at", models.DateTimeField(null=True)),
                        ("last_finished_at", models.DateTimeField(null=True)),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("DONE", "Done"),
                                    ("FAILED", "Failed"),
                                    ("STOPPED", "Stopped on the way"),
                                ],
                                max_length=7,
                            ),
                        ),
                        ("error", models.CharField(blank=True, max_length=255)),
                        ("result", models.JSONField(default=dict)),
                        (
                            "duration_ms",
                            models.PositiveBigIntegerField(null=True, verbose_name="duration in ms"),
                        ),
                        ("failures", models.PositiveIntegerField(default=0)),
                    ],
                    options={
                        "verbose_name": "part of the background work",
                        "verbose_name_plural": "background work",
                    },
                ),
                migrations.CreateModel(
                    name="BrowserSession",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("device", models.CharField(blank=True, max_length=120)),
                        ("address", models.GenericIPAddressField(blank=True, null=True)),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("last_seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "session",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="browser",
                                to="sessions.session",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="browser_sessions",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="ActivityParticipant",
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
                                related_name="participations",
                                to="crm.activity",
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
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("activity", "user"),
                                name="activity_participant_once",
                                violation_error_message="This user takes part already.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CalendarFeed",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("hash", models.CharField(editable=False, max_length=64, unique=True)),
                        ("last_used_at", models.DateTimeField(editable=False, null=True)),
                        (
                            "content_hash",
                            models.CharField(blank=True, default="", editable=False, max_length=64),
                        ),
                        ("content_changed_at", models.DateTimeField(editable=False, null=True)),
                        (
                            "membership",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="calendar_feed",
                                to="crm.membership",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Notification",
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
                            "kind",
                            models.CharField(
                                choices=[
                                    ("LEAD_ASSIGNED", "Lead assigned to me"),
                                    ("TASK_DUE", "Task due"),
                                    ("MENTIONED", "Mentioned in a note"),
                                    ("LEAD_ROTS", "Lead rots"),
                                    ("IMPORT_DONE", "Import done"),
                                    ("RECEIVER_FAILING", "Receiver failing"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("object_id", models.BigIntegerField()),
                        ("moment", models.DateTimeField(null=True)),
                        ("text", models.CharField(max_length=255)),
                        ("key", models.CharField(max_length=80)),
                        ("read_at", models.DateTimeField(null=True)),
                        (
                            "delivery",
                            models.CharField(
                                choices=[
                                    ("OFF", "Off"),
                                    ("IN_APP", "In the application"),
                                    ("MAIL", "By mail at once"),
                                    ("DIGEST", "By mail once a day"),
                                ],
                                max_length=6,
                            ),
                        ),
                        (
                            "activity",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="crm.activity",
                            ),
                        ),
                        (
                            "by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
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
                        (
                            "content_type",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="contenttypes.contenttype",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "mail",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="notifications",
                                to="crm.notificationmail",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                models.F("company"),
                                models.F("user"),
                                models.OrderBy(models.F("id"), descending=True),
                                name="notification_newest",
                            ),
                            models.Index(
                                condition=models.Q(("read_at", None)),
                                fields=["company", "user"],
                                name="notification_unread",
                            ),
                            models.Index(fields=["content_type", "object_id"], name="notification_about"),
                            models.Index(
                                condition=models.Q(("delivery", "DIGEST"), ("mail", None), ("read_at", None)),
                                fields=["company", "user"],
                                name="notification_for_digest",
                            ),
                            models.Index(fields=["created_at"], name="notification_by_age"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("user", "company", "key"), name="notification_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NotificationMail",
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
                            "leased_by",
                            models.CharField(blank=True, default="", editable=False, max_length=32),
                        ),
                        ("leased_until", models.DateTimeField(editable=False, null=True)),
                        ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ("day", models.DateField(null=True)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        (
                            "next_attempt_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), null=True
                            ),
                        ),
                        ("sent_at", models.DateTimeField(null=True)),
                        ("fault", models.CharField(blank=True, max_length=255)),
                        (
                            "membership",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="crm.membership",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("next_attempt_at__isnull", False)),
                                fields=["next_attempt_at"],
                                name="notification_mail_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("membership", "day"), name="digest_once_a_day")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NotificationPreference",
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
                            "kind",
                            models.CharField(
                                choices=[
                                    ("LEAD_ASSIGNED", "Lead assigned to me"),
                                    ("TASK_DUE", "Task due"),
                                    ("MENTIONED", "Mentioned in a note"),
                                    ("LEAD_ROTS", "Lead rots"),
                                    ("IMPORT_DONE", "Import done"),
                                    ("RECEIVER_FAILING", "Receiver failing"),
                                ],
                                max_length=16,
                            ),
                        ),
                        (
                            "delivery",
                            models.CharField(
                                choices=[
                                    ("OFF", "Off"),
                                    ("IN_APP", "In the application"),
                                    ("MAIL", "By mail at once"),
                                    ("DIGEST", "By mail once a day"),
                                ],
                                max_length=6,
                            ),
                        ),
                        (
                            "membership",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="notification_preferences",
                                to="crm.membership",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("membership", "kind"), name="notification_preference_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NotificationSource",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=40, unique=True)),
                        ("position", models.BigIntegerField(default=0)),
                        ("until", models.DateTimeField(null=True)),
                    ],
                ),
            ],
        ),
        TenantKey("crm_message", "channel_id", "crm_socialchannel"),
        TenantKey("crm_message", "parent_id", "crm_message"),
        TenantKey("crm_messagefile", "file_id", "crm_filesystem"),
        TenantKey("crm_messagefile", "message_id", "crm_message"),
        TenantKey("crm_webhookdelivery", "endpoint_id", "crm_webhookendpoint"),
        FoldTallies(),
        TenantKey("crm_activity", "previous_id", "crm_activity"),
        TenantKey("crm_notification", "activity_id", "crm_activity"),
    ]
