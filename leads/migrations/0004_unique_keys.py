from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leads", "0003_fill_keys")]

    operations = [
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["company", "phone_dialled"], name="lead_phone_dialled"),
        ),
        migrations.AddConstraint(
            model_name="leadlostreason",
            constraint=models.UniqueConstraint(
                fields=("company", "name_key"),
                name="lead_lost_reason_name_once",
                violation_error_message="A reason of this name exists already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="leadsource",
            constraint=models.UniqueConstraint(
                fields=("company", "name_key"),
                name="lead_source_name_once",
                violation_error_message="A source of this name exists already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="leadstatus",
            constraint=models.UniqueConstraint(
                fields=("company", "name_key"),
                name="lead_status_name_once",
                violation_error_message="A status of this name exists already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="leadtype",
            constraint=models.UniqueConstraint(
                fields=("company", "name_key"),
                name="lead_type_name_once",
                violation_error_message="A type of this name exists already.",
            ),
        ),
    ]
