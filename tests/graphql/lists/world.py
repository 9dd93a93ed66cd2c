"""Records with rows in all their relations, to test what a list loads."""

from datetime import timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType

from crm.models import Absence, Activity
from crm.models.channels import ChannelMember, SocialChannel
from crm.models.imports import ImportJob, ImportRowError
from crm.models.messages import Message, MessageFile
from leads.models import (
    Lead,
    LeadFile,
    LeadFollower,
    LeadLostReason,
    LeadParticipant,
    LeadPerson,
    LeadRoutingLog,
    StageVisit,
)
from people.models import (
    Contact,
    ContactType,
    Employment,
    Merge,
    Organization,
    OrganizationFile,
    PeopleRelationship,
    Person,
    PersonFile,
)
from tests.factories.crm import (
    CustomFieldDefinitionFactory,
    FilesystemFactory,
    MembershipFactory,
    TagFactory,
    Tenant,
    UserFactory,
)
from tests.factories.leads import (
    LeadFactory,
    LeadReceiverFactory,
    LeadRotationAgentFactory,
    LeadRotationFactory,
    LeadSourceFactory,
    LeadTypeFactory,
    refused_attempt,
)
from tests.factories.people import AddressFactory, ContactTypeFactory, OrganizationFactory, PersonFactory
from tests.factories.pipelines import PipelineFactory, StageFactory


def add_records(tenant: Tenant, number: int) -> None:
    """Create this number of each record, each with related rows of its own."""
    company = tenant.company
    agent = tenant.users["agent"]
    # Django caches content types in the process: they must not count as statements of a list.
    ContentType.objects.get_for_models(Lead, Person, Organization)
    company.default_owner = agent
    company.save()
    phone = ContactType.objects.get(company=None, kind="PHONE")
    file = FilesystemFactory(company=company)
    for _ in range(number):
        tag = TagFactory(company=company)
        organization: Organization = OrganizationFactory(company=company, user=agent)
        person: Person = PersonFactory(company=company, user=agent, custom_fields={"size": 42})
        person.organizations.add(organization)
        Contact.objects.create(company=company, person=person, type=phone, value="555-0100")
        Employment.objects.create(company=company, person=person, organization=organization, position="CEO")
        reason = LeadLostReason.objects.create(company=company, name=str(person.uuid))
        relationship = PeopleRelationship.objects.create(company=company, name=str(person.uuid))
        AddressFactory(person=person, is_default=True)
        pipeline = PipelineFactory(company=company)
        stage = StageFactory(company=company, pipeline=pipeline)
        type_ = LeadTypeFactory(company=company)
        source = LeadSourceFactory(company=company, type=type_)
        rotation = LeadRotationFactory(company=company)
        LeadRotationAgentFactory(rotation=rotation, user=agent)
        receiver = LeadReceiverFactory(
            company=company, user=agent, agent=agent, source=source, type=type_, rotation=rotation
        )
        lead: Lead = LeadFactory(
            company=company,
            user=agent,
            owner=agent,
            person=person,
            organization=organization,
            stage=stage,
            receiver=receiver,
            type=type_,
            source=source,
        )
        Lead.objects.filter(pk=lead.pk).update(lost_reason=reason)
        LeadPerson.objects.create(lead=lead, person=person, relationship=relationship)
        StageVisit.objects.create(
            company=company,
            lead=lead,
            stage=stage,
            stage_name=stage.name,
            pipeline_name=pipeline.name,
            entered_at=lead.stage_changed_at,
            user=agent,
            door="graphql",
        )
        Activity.objects.create(company=company, entity=lead, text="Call", user=agent, assignee=agent)
        LeadParticipant.objects.create(lead=lead, user=agent)
        LeadFollower.objects.create(lead=lead, user=agent)
        channel = SocialChannel.objects.create(
            company=company,
            name="Default Channel",
            slug=str(lead.uuid),
            content_type=ContentType.objects.get_for_model(Lead),
            object_id=lead.pk,
        )
        ChannelMember.objects.create(channel=channel, user=agent)
        message = Message.objects.create(company=company, channel=channel, user=agent, message="Hello")
        MessageFile.objects.create(company=company, message=message, file=file)
        records: list[Any] = [person, organization, lead]
        for record in records:
            record.tags.add(tag)
        LeadFile.objects.create(company=company, lead=lead, file=file)
        PersonFile.objects.create(company=company, person=person, file=file)
        OrganizationFile.objects.create(company=company, organization=organization, file=file)
        attempt = refused_attempt(receiver, lead=lead, replayed_by=agent)
        LeadRoutingLog.objects.create(
            company=company,
            lead=lead,
            receiver=receiver,
            rotation=rotation,
            user=agent,
            attempt=attempt,
            outcome="ROTATION",
            door="webhook",
        )
        until = lead.created_at + timedelta(days=1)
        Absence.objects.create(company=company, user=agent, starts_at=lead.created_at, ends_at=until)
        MembershipFactory(company=company, user=UserFactory())
        ContactTypeFactory(company=company)
        Merge.objects.create(
            company=company,
            model="PEOPLE",
            winner_id=person.pk,
            losers=[],
            user=agent,
            undone_by=agent,
            door="graphql",
        )
        CustomFieldDefinitionFactory(company=company)
        job = ImportJob.objects.create(
            company=company, user=agent, model="PEOPLE", fingerprint=str(lead.uuid), status="COMPLETED"
        )
        ImportRowError.objects.create(job=job, row=1, code="VALIDATION", message="Refused.")
