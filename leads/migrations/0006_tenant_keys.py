"""PostgreSQL itself refuses ties between rows of two companies."""

from django.db import migrations

from crm.database.tenant_keys import TenantKey, TenantLink


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0005_lead_activity_required"),
        ("people", "0004_tenant_keys"),
        ("pipelines", "0002_tenant_keys"),
    ]

    operations = [
        TenantKey("leads_lead", "person_id", "people_person"),
        TenantKey("leads_lead", "organization_id", "people_organization"),
        TenantKey("leads_lead", "receiver_id", "leads_leadreceiver"),
        TenantKey("leads_lead", "status_id", "leads_leadstatus"),
        TenantKey("leads_lead", "type_id", "leads_leadtype"),
        TenantKey("leads_lead", "source_id", "leads_leadsource"),
        TenantKey("leads_lead", "lost_reason_id", "leads_leadlostreason"),
        TenantKey("leads_lead", "pipeline_id", "pipelines_pipeline"),
        TenantKey("leads_lead", "stage_id", "pipelines_stage"),
        TenantKey("leads_leadsource", "type_id", "leads_leadtype"),
        TenantKey("leads_leadreceiver", "source_id", "leads_leadsource"),
        TenantKey("leads_leadreceiver", "type_id", "leads_leadtype"),
        TenantKey("leads_leadreceiver", "rotation_id", "leads_leadrotation"),
        TenantKey("leads_leadrotationagent", "rotation_id", "leads_leadrotation"),
        TenantKey("leads_leadfile", "file_id", "crm_filesystem"),
        TenantKey("leads_leadfile", "lead_id", "leads_lead"),
        TenantKey("leads_receiverattempt", "receiver_id", "leads_leadreceiver"),
        TenantKey("leads_receiverattempt", "lead_id", "leads_lead"),
        TenantKey("leads_leadroutinglog", "lead_id", "leads_lead"),
        TenantKey("leads_leadroutinglog", "receiver_id", "leads_leadreceiver"),
        TenantKey("leads_leadroutinglog", "rotation_id", "leads_leadrotation"),
        TenantKey("leads_leadroutinglog", "attempt_id", "leads_receiverattempt"),
        TenantKey("leads_stagevisit", "lead_id", "leads_lead"),
        TenantKey("leads_stagevisit", "stage_id", "pipelines_stage"),
        TenantLink("leads_lead_tags", ("lead_id", "leads_lead"), ("tag_id", "crm_tag")),
        TenantLink(
            "leads_leadperson",
            ("lead_id", "leads_lead"),
            ("person_id", "people_person"),
            ("relationship_id", "people_peoplerelationship"),
        ),
    ]
