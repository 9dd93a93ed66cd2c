from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0003_fill_keys")]

    operations = [
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                condition=models.Q(("dialled__isnull", False)),
                fields=["company", "dialled"],
                name="contact_dialled",
            ),
        ),
        migrations.AddIndex(
            model_name="organization",
            index=models.Index(fields=["company", "comparable_key"], name="organization_comparable_key"),
        ),
        migrations.AddConstraint(
            model_name="contacttype",
            constraint=models.UniqueConstraint(
                fields=("company", "name_key"),
                name="contact_type_name_once",
                violation_error_message="A contact type of this name exists already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contacttype",
            constraint=models.UniqueConstraint(
                condition=models.Q(("company", None)),
                fields=("name_key",),
                name="shared_contact_type_name_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="peoplerelationship",
            constraint=models.UniqueConstraint(
                fields=("company", "name_key"),
                name="people_relationship_name_once",
                violation_error_message="A relationship of this name exists already.",
            ),
        ),
    ]
