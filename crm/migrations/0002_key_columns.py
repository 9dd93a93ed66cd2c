from django.db import migrations

import crm.models.texts


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0001_initial"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="customfielddefinition",
            name="custom_field_name_once",
        ),
        migrations.RemoveConstraint(
            model_name="tag",
            name="tag_name_once",
        ),
        migrations.AddField(
            model_name="customfielddefinition",
            name="name_key",
            field=crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="tag",
            name="name_key",
            field=crm.models.texts.NameKeyField(blank=True, editable=False, max_length=255),
        ),
    ]
