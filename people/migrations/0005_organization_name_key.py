from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0004_tenant_keys")]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="name_key",
            field=models.CharField(blank=True, default="", editable=False, max_length=255),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="organization",
            index=models.Index(fields=["company", "name_key"], name="organization_name_key"),
        ),
    ]
