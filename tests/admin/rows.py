"""One row of each model of the admin, in a tenant."""

from typing import Any

from django.db import models

from crm.models import ApiToken, Company, Filesystem, Membership, SocialChannel, Tag, User
from crm.services.channels import open_default_channel
from leads.models import Lead, LeadReceiver, LeadSource, LeadStatus, LeadType
from people.models import ContactType, Organization, Person
from pipelines.models import Pipeline, Stage
from tests.factories.crm import ApiTokenFactory, FilesystemFactory, TagFactory, Tenant
from tests.factories.leads import LeadFactory
from tests.factories.people import ContactTypeFactory, OrganizationFactory, PersonFactory


def rows_of(tenant: Tenant, mark: str) -> dict[type[models.Model], Any]:
    """Give a row of each model, made where the company has none, with a text that only they hold."""
    company = tenant.company
    person = PersonFactory(company=company, firstname=mark)
    organization = OrganizationFactory(company=company, name=mark)
    lead = LeadFactory(company=company, title=mark, person=person, organization=organization)
    channel = open_default_channel(lead, creator_id=None)
    pipeline = Pipeline.objects.get(company=company)
    lookups: dict[type[models.Model], Any] = {
        model: model.objects.filter(company=company).order_by("pk")[0]
        for model in (LeadReceiver, LeadSource, LeadStatus, LeadType)
    }
    named = (pipeline, pipeline.stages.get(name="New"), channel, *lookups.values())
    for row in named:
        type(row).objects.filter(pk=row.pk).update(name=mark)
        row.refresh_from_db()
    return {
        **lookups,
        ApiToken: ApiTokenFactory(company=company, user=tenant.users["admin"], name=mark),
        Company: company,
        ContactType: ContactTypeFactory(company=company, name=mark),
        Filesystem: FilesystemFactory(company=company, name=mark),
        Lead: lead,
        Membership: Membership.objects.get(user=tenant.users["colleague"]),
        Organization: organization,
        Person: person,
        Pipeline: pipeline,
        SocialChannel: channel,
        Stage: pipeline.stages.get(name=mark),
        Tag: TagFactory(company=company, name=mark),
        User: tenant.users["colleague"],
    }


def page(row: models.Model | type[models.Model], view: str) -> str:
    """Give the name of an admin page of a row's model."""
    return f"admin:{row._meta.app_label}_{row._meta.model_name}_{view}"
