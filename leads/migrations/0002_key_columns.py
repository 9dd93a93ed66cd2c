from django.conf import settings
from django.db import migrations, models

import crm.models.texts


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0002_key_columns"),
        ("leads", "0001_initial"),
        ("people", "0002_key_columns"),
        ("pipelines", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="leadlostreason",
            name="lead_lost_reason_name_once",
        ),
        migrations.RemoveConstraint(
            model_name="leadsource",
            name="lead_source_name_once",
        ),
        migrations.RemoveConstraint(
            model_name="leadstatus",
            name="lead_status_name_once",
        ),
        migrations.RemoveConstraint(
            model_name="leadtype",
            name="lead_type_name_once",
        ),
        migrations.AddField(
            model_name="lead",
            name="phone_dialled",
            field=models.CharField(blank=True, editable=False, max_length=64, null=True),
        ),
        migrations.AddField(
            model_name="leadlostreason",
            name="name_key",
            field=crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="leadsource",
            name="name_key",
            field=crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="leadstatus",
            name="name_key",
            field=crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="leadtype",
            name="name_key",
            field=crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
        ),
        migrations.AlterField(
            model_name="lead",
            name="email_canonical",
            field=models.CharField(blank=True, editable=False, max_length=320, null=True),
        ),
    ]
