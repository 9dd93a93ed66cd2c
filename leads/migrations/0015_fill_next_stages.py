"""Fill where leads went from the stages that they left: to the stage of the visit that began at that moment."""

from django.db import migrations

FILL = """
UPDATE leads_stagevisit SET next_stage_id = (
    SELECT following.stage_id FROM leads_stagevisit following
    WHERE following.lead_id = leads_stagevisit.lead_id AND following.entered_at = leads_stagevisit.left_at
        AND following.id > leads_stagevisit.id
    ORDER BY following.id LIMIT 1
) WHERE left_at IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0014_next_stage_and_report_indexes")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop, elidable=True)]
