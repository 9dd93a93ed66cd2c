from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0050_done_activities")]

    operations = [
        migrations.AddField("user", "language", models.CharField(blank=True, max_length=16, null=True)),
    ]
