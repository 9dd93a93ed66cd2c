"""Keep the number of files of a company and their bytes, for the quota."""

import django.db.models.deletion
from django.db import migrations, models

COUNT = """
INSERT INTO crm_fileusage (company_id, files, bytes)
SELECT company_id, count(*), coalesce(sum(size), 0) FROM crm_filesystem GROUP BY company_id
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0007_sign_ins_and_invitations")]

    operations = [
        migrations.CreateModel(
            name="FileUsage",
            fields=[
                (
                    "company",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="crm.company",
                    ),
                ),
                ("files", models.BigIntegerField(default=0)),
                ("bytes", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
