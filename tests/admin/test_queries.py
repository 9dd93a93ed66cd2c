"""Lists cost the same number of statements for any number of rows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Company, LeadVisibility
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
        # Session, user, actor, companies to switch to, unread notifications; views and columns; count and
        # rows; four small lists, and as filters, with types and reasons; owners and tags; sums.
        (Lead, make_lead, 22),
        # Without the small lists; the organizations of all people at once.
        (Person, make_person, 10),
        (Organization, make_organization, 9),
        (Pipeline, make_pipeline, 9),
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


@pytest.mark.postgres
def test_a_list_that_nothing_narrows_is_not_counted(tenant, signed_in):
    for _ in range(2):
        make_lead(tenant)
    LeadFactory(company=tenant.company, title="Other")
    address = reverse(page(Lead, "changelist"))

    def listed(member, **parameters):
        with CaptureQueriesContext(connection) as captured:
            found = signed_in(member).get(address, parameters).context["cl"].result_count
        # The header counts unread notifications, of leads that one may see.
        statements = [each["sql"] for each in captured if 'FROM "crm_notification"' not in each["sql"]]
        counts = [each for each in statements if "COUNT(" in each and 'FROM "leads_lead"' in each]
        return found, bool(counts)

    assert listed("manager") == (3, False)
    assert listed("manager", o="-1") == (3, False)
    assert listed("manager", q="other") == (1, True)
    Company.objects.filter(pk=tenant.company.pk).update(lead_visibility=LeadVisibility.OWN)
    assert listed("agent") == (2, True)
