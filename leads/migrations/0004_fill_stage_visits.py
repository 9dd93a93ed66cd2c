"""Leads that are there already are in the stage they are in since they entered it."""

from django.db import migrations
from django.db.models import F


def fill(apps, schema_editor):
    lead = apps.get_model("leads", "Lead")
    visit = apps.get_model("leads", "StageVisit")
    lead.objects.filter(last_activity_at=None).update(last_activity_at=F("stage_changed_at"))
    columns = ("pk", "company_id", "stage_id", "stage__name", "pipeline__name", "stage_changed_at", "user_id")
    batch = []
    for pk, company, stage, stage_name, pipeline_name, entered_at, user in lead.objects.values_list(
        *columns
    ).iterator():
        batch.append(
            visit(
                lead_id=pk,
                company_id=company,
                stage_id=stage,
                stage_name=stage_name,
                pipeline_name=pipeline_name,
                entered_at=entered_at,
                user_id=user,
                door="command",
            )
        )
        if len(batch) == 1000:
            visit.objects.bulk_create(batch)
            batch = []
    visit.objects.bulk_create(batch)


class Migration(migrations.Migration):
    dependencies = [("leads", "0003_routing_and_stage_visits")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
