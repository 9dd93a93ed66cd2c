from django.db import migrations, models

import people.models.canonical
import people.models.phones


class Migration(migrations.Migration):
    dependencies = [("leads", "0005_normalize_texts"), ("people", "0005_normalize_texts")]

    operations = [
        migrations.AddField("receiverattempt", "key_order", models.JSONField(null=True)),
        migrations.AddField("receiverattempt", "raw_body", models.BinaryField(null=True)),
        migrations.AlterField(
            "lead",
            "email",
            models.CharField(
                blank=True, max_length=254, null=True, validators=[people.models.canonical.check_email]
            ),
        ),
        migrations.AlterField(
            "lead",
            "phone",
            models.CharField(
                blank=True, max_length=64, null=True, validators=[people.models.phones.check_phone]
            ),
        ),
    ]
