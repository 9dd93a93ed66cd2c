"""One row of each model of the admin, in a tenant."""

from datetime import timedelta
from typing import Any

from django.db import models

from crm.models import (
    Absence,
    ApiToken,
    Company,
    CustomFieldDefinition,
    Filesystem,
    Membership,
    RegisteredDocument,
    SocialChannel,
    Tag,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from crm.services.channels import open_default_channel
from crm.webhooks.endpoints import create_endpoint, send_test
from leads.models import (
    Lead,
    LeadLostReason,
    LeadReceiver,
    LeadRotation,
    LeadRoutingLog,
    LeadSource,
    LeadStatus,
    LeadType,
    ReceiverAttempt,
)
from people.models import ContactType, Merge, Organization, PeopleRelationship, Person
from people.models.person import PersonFile
from pipelines.models import Pipeline, Stage
from tests.factories.crm import (
    ApiTokenFactory,
    CustomFieldDefinitionFactory,
    FilesystemFactory,
    TagFactory,
    Tenant,
)
from tests.factories.leads import LeadFactory, LeadRotationFactory, refused_attempt
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
    chosen = WebhookEndpoint(name=mark, url="https://receiver.example.com/")
    endpoint, _secret = create_endpoint(chosen, actor=tenant.actors.admin)
    return {
        **lookups,
        Absence: Absence.objects.create(
            company=company,
            user=tenant.users["colleague"],
            starts_at=lead.created_at,
            ends_at=lead.created_at + timedelta(days=1),
            reason=mark,
        ),
        ApiToken: ApiTokenFactory(company=company, user=tenant.users["admin"], name=mark),
        Company: company,
        ContactType: ContactTypeFactory(company=company, name=mark),
        CustomFieldDefinition: CustomFieldDefinitionFactory(company=company, name=mark),
        Filesystem: _file_of(person, mark),
        RegisteredDocument: RegisteredDocument.objects.create(
            company=company, hash="a" * 64, name=mark, text=mark
        ),
        Lead: lead,
        LeadLostReason: LeadLostReason.objects.create(company=company, name=mark),
        LeadRotation: LeadRotationFactory(company=company, name=mark),
        LeadRoutingLog: LeadRoutingLog.objects.create(
            company=company, lead=lead, outcome="UNASSIGNED", door="graphql", detail={"reason": mark}
        ),
        Membership: Membership.objects.get(user=tenant.users["colleague"]),
        Merge: Merge.objects.create(company=company, model="PEOPLE", winner_id=person.pk, door="admin"),
        Organization: organization,
        PeopleRelationship: PeopleRelationship.objects.create(company=company, name=mark),
        Person: person,
        Pipeline: pipeline,
        ReceiverAttempt: refused_attempt(lookups[LeadReceiver], payload={"firstname": mark}),
        SocialChannel: channel,
        Stage: pipeline.stages.get(name=mark),
        Tag: TagFactory(company=company, name=mark),
        User: tenant.users["colleague"],
        WebhookDelivery: send_test(endpoint, actor=tenant.actors.admin),
        WebhookEndpoint: endpoint,
    }


def _file_of(person: Person, mark: str) -> Filesystem:
    file: Filesystem = FilesystemFactory(company=person.company, name=mark)
    PersonFile(company=person.company, person=person, file=file).save()
    return file


def page(row: models.Model | type[models.Model], view: str) -> str:
    """Give the name of an admin page of a row's model."""
    return f"admin:{row._meta.app_label}_{row._meta.model_name}_{view}"
