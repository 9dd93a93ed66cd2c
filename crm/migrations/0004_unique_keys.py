from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_fill_keys")]

    operations = [
        migrations.AddConstraint(
            model_name="customfielddefinition",
            constraint=models.UniqueConstraint(
                fields=("company", "model", "name_key"),
                name="custom_field_name_once",
                violation_error_message="A custom field of this name exists already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(
                fields=("company", "name_key"),
                name="tag_name_once",
                violation_error_message="A tag of this name exists already.",
            ),
        ),
    ]
