from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leads", "0016_external_ids")]

    operations = [
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("closed_at__isnull", True)),
                fields=["company", "stage", "last_activity_at", "id"],
                name="lead_board",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("closed_at__isnull", True)),
                fields=["company", "owner", "stage", "last_activity_at", "id"],
                include=("currency", "amount", "status"),
                name="lead_board_of_owner",
            ),
        ),
    ]
