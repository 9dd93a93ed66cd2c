"""Every factory gives a row that its model accepts."""

import pytest

from crm.actors import Door, Role
from crm.authentication import actor_for
from crm.models import Membership
from leads.models import Lead
from pipelines.models import Pipeline
from tests.factories import crm, leads, people, pipelines
from tests.factories.base import RowFactory

FACTORIES = sorted(
    {
        factory
        for module in (crm, leads, people, pipelines)
        for factory in vars(module).values()
        if isinstance(factory, type) and issubclass(factory, RowFactory) and factory is not RowFactory
    },
    key=lambda factory: factory.__name__,
)


@pytest.mark.django_db
@pytest.mark.parametrize("factory", FACTORIES, ids=lambda factory: factory.__name__)
def test_factory_makes_a_valid_row(factory):
    first, second = factory(), factory()

    first.full_clean(exclude=["password"] if factory is crm.UserFactory else None)
    assert first.pk != second.pk


def test_lead_takes_default_stage_and_status_of_its_company(company):
    lead = leads.LeadFactory(company=company)

    assert (lead.status.name, lead.stage.name) == ("Open", "New")
    assert Pipeline.objects.filter(company=company).count() == 1
    assert Lead.objects.get().pipeline == lead.stage.pipeline


def test_tenant_has_a_member_of_each_role(tenant):
    roles = dict(Membership.objects.filter(company=tenant.company).values_list("user__username", "role"))

    assert roles == {
        "admin@tenant": "ADMIN",
        "manager@tenant": "MANAGER",
        "agent@tenant": "AGENT",
        "colleague@tenant": "AGENT",
        "viewer@tenant": "VIEWER",
    }
    assert tenant.actors.colleague.role is Role.AGENT
    assert tenant.actors.colleague.user_id == tenant.users["colleague"].pk


def test_actors_of_a_tenant_are_those_its_members_sign_in_as(tenant):
    for member, user in tenant.users.items():
        assert getattr(tenant.actors, member) == actor_for(user, tenant.company, door=Door.GRAPHQL)
        user.full_clean(exclude=["password"])
        user.memberships.get().full_clean()


def test_other_tenant_shares_no_row(company, other_company):
    assert company != other_company
    assert Pipeline.objects.filter(company=other_company, is_default=True).count() == 1
