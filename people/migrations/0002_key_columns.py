from django.conf import settings
from django.db import migrations, models

import crm.models.texts


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0002_key_columns"),
        ("people", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="contacttype",
            name="contact_type_name_once",
        ),
        migrations.RemoveConstraint(
            model_name="contacttype",
            name="shared_contact_type_name_once",
        ),
        migrations.RemoveConstraint(
            model_name="peoplerelationship",
            name="people_relationship_name_once",
        ),
        migrations.AddField(
            model_name="contact",
            name="dialled",
            field=models.CharField(blank=True, editable=False, max_length=64, null=True),
        ),
        migrations.AddField(
            model_name="contacttype",
            name="name_key",
            field=crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="organization",
            name="comparable_key",
            field=models.CharField(blank=True, editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="peoplerelationship",
            name="name_key",
            field=crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
        ),
        migrations.AlterField(
            model_name="contact",
            name="canonical",
            field=models.CharField(blank=True, editable=False, max_length=320, null=True),
        ),
        migrations.AlterField(
            model_name="organization",
            name="email_canonical",
            field=models.CharField(blank=True, editable=False, max_length=320, null=True),
        ),
        migrations.AlterField(
            model_name="organization",
            name="name_key",
            field=crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
        ),
        migrations.AlterField(
            model_name="person",
            name="email_canonical",
            field=models.CharField(blank=True, editable=False, max_length=320, null=True),
        ),
    ]
