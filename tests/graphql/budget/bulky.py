"""A company whose records hold as much as they may: what an attacker would make first."""

from dataclasses import dataclass

from crm.models import Activity
from leads.models import Lead
from people.models import Address, Contact, ContactType, Organization, Person
from pipelines.models import Pipeline, Stage
from tests.factories.crm import Tenant
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.factories.pipelines import PipelineFactory

CONTACTS = 250
LEADS = 100
STAGES = 100
ACTIVITIES = 5_000


@dataclass(frozen=True)
class Bulky:
    """The records of the company that hold many others."""

    person: Person
    lead: Lead
    pipeline: Pipeline
    organization: Organization


def make_bulky(tenant: Tenant, *, stages: int = STAGES) -> Bulky:
    company = tenant.company
    organization = OrganizationFactory(company=company)
    person = PersonFactory(company=company, email="jane@example.com")
    person.organizations.add(organization)
    kind = ContactType.objects.visible_to(tenant.actors.admin).order_by("pk")[0]
    Contact.objects.bulk_create(
        Contact(company=company, person=person, type=kind, value=f"jane{each}@example.com")
        for each in range(CONTACTS)
    )
    Address.objects.bulk_create(
        Address(company=company, person=person, city=f"City {each}") for each in range(CONTACTS)
    )
    pipeline = PipelineFactory(company=company, name="Long")
    Stage.objects.bulk_create(
        Stage(company=company, pipeline=pipeline, name=f"Stage {each}", weight=each + 1)
        for each in range(stages)
    )
    first = LeadFactory(company=company, person=person, organization=organization, title="Deal 0")
    first.stage = pipeline.stages.order_by("weight")[0]
    first.pipeline = pipeline
    first.save()
    copies = []
    for each in range(1, LEADS):
        copy = Lead.objects.get(pk=first.pk)
        copy.pk, copy.title = None, f"Deal {each}"
        copy.uuid = type(copy)._meta.get_field("uuid").get_default()
        copies.append(copy)
    Lead.objects.bulk_create(copies)
    Activity.objects.bulk_create(
        Activity(company=company, entity=first if each % 5 else person, text=f"Note {each}")
        for each in range(ACTIVITIES)
    )
    return Bulky(person, first, pipeline, organization)
