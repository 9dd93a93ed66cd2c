"""PostgreSQL itself refuses ties between rows of two companies."""

from django.db import migrations

from crm.database.tenant_keys import TenantKey, TenantLink


class Migration(migrations.Migration):
    dependencies = [("people", "0003_relationships_and_merges"), ("crm", "0003_tenant_keys")]

    operations = [
        TenantKey("people_person", "merged_into_id", "people_person"),
        TenantKey("people_organization", "merged_into_id", "people_organization"),
        TenantKey("people_contact", "person_id", "people_person"),
        TenantKey("people_address", "person_id", "people_person"),
        TenantKey("people_employment", "person_id", "people_person"),
        TenantKey("people_employment", "organization_id", "people_organization"),
        TenantKey("people_personfile", "file_id", "crm_filesystem"),
        TenantKey("people_personfile", "person_id", "people_person"),
        TenantKey("people_organizationfile", "file_id", "crm_filesystem"),
        TenantKey("people_organizationfile", "organization_id", "people_organization"),
        TenantLink(
            "people_organization_tags", ("organization_id", "people_organization"), ("tag_id", "crm_tag")
        ),
        TenantLink("people_person_tags", ("person_id", "people_person"), ("tag_id", "crm_tag")),
        TenantLink(
            "people_person_organizations",
            ("person_id", "people_person"),
            ("organization_id", "people_organization"),
        ),
        TenantLink("people_contact", ("person_id", "people_person"), ("type_id", "people_contacttype")),
    ]
