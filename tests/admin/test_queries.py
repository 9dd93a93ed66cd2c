"""Lists cost the same number of statements for any number of rows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leads.models import Lead, LeadSource
from people.models import Organization, Person
from people.services.people import create_person
from pipelines.models import Pipeline
from tests.admin.rows import page
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.factories.pipelines import PipelineFactory, StageFactory


def make_lead(tenant):
    lead = LeadFactory(
        company=tenant.company,
        person=PersonFactory(company=tenant.company),
        organization=OrganizationFactory(company=tenant.company),
        owner=tenant.users["agent"],
        source=LeadSource.objects.get(name="Website"),
    )
    lead.tags.add(TagFactory(company=tenant.company))


def make_person(tenant):
    create_person(
        {"firstname": "Jane", "email": "jane@example.com", "organization": "Acme", "tags": [{"name": "VIP"}]},
        actor=tenant.actors.agent,
    )


def make_organization(tenant):
    PersonFactory(company=tenant.company).organizations.add(OrganizationFactory(company=tenant.company))


def make_pipeline(tenant):
    stage = StageFactory(company=tenant.company, pipeline=PipelineFactory(company=tenant.company))
    LeadFactory(company=tenant.company, stage=stage)


def statements(client, model):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(reverse(page(model, "changelist")))
    return len(captured), len(response.context["cl"].result_list)


@pytest.mark.parametrize(
    ("model", "make", "expected"),
    [
        # Session, user, actor, companies to switch to; count and rows; four small lists, and as filters.
        (Lead, make_lead, 14),
        # Without the small lists; the organizations of all people at once.
        (Person, make_person, 7),
        (Organization, make_organization, 6),
        (Pipeline, make_pipeline, 6),
    ],
    ids=["leads", "people", "organizations", "pipelines"],
)
def test_list_is_flat(signed_in, tenant, model, make, expected):
    client = signed_in("manager")
    counted = {}

    for wanted in (1, 20, 100):
        while model.objects.count() < wanted:
            make(tenant)
        counted[wanted] = statements(client, model)

    assert counted == {1: (expected, 1), 20: (expected, 20), 100: (expected, 50)}
