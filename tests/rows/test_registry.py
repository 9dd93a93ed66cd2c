"""Every model has a row, in the company that was asked for and with the text that marks it."""

import pytest
from django.contrib.auth.models import Group
from django.core.serializers import serialize
from django.db.models import Model

from crm.models import Absence, ActivityParticipant, CalendarFeed, Company, Membership, NotificationPreference
from crm.models.channels import ChannelMember
from crm.models.tallies import Tally
from leads.models import Lead, LeadFollower, LeadParticipant, LeadPerson, LoggedMail, ReceivedMail
from people.models import ActivityPerson, Merge
from tests.module_tenant import made_tenant, tenant
from tests.rows.registry import EXCEPTIONS, REGISTRY, gaps, new_rows

__all__ = ["made_tenant", "tenant"]

MARK = "Marked"
#: Rows that have only relations and codes, or whose company is the tenant's own.
WITHOUT_TEXT = {
    ActivityParticipant,
    ActivityPerson,
    CalendarFeed,
    ChannelMember,
    Company,
    LeadFollower,
    LeadParticipant,
    LeadPerson,
    LoggedMail,
    Membership,
    ReceivedMail,
    Merge,
    NotificationPreference,
}


def test_every_model_has_a_row_or_a_reason():
    assert list(gaps(REGISTRY, EXCEPTIONS)) == []


def test_a_model_with_neither_row_nor_reason_is_found():
    registry: set[type[Model]] = {*REGISTRY, Group, Tally}
    registry.remove(Absence)

    assert list(gaps(registry, EXCEPTIONS)) == [
        "auth.Group is no model of the product",
        "crm.Absence has no row",
        "crm.Tally has a row and is an exception",
    ]


def test_kinds_name_one_model_each():
    assert len({recipe.kind for recipe in REGISTRY.values()}) == len(REGISTRY)


@pytest.mark.django_db
@pytest.mark.parametrize("model", REGISTRY, ids=lambda model: model.__name__)
def test_row_is_of_the_company_and_holds_the_mark(tenant, model):
    row: Model = new_rows(tenant, MARK)[model]

    stored = model._base_manager.get(pk=row.pk)
    assert getattr(stored, "company", tenant.company) == tenant.company
    assert (MARK in serialize("json", [stored])) == (model not in WITHOUT_TEXT)


@pytest.mark.django_db
def test_two_sets_with_one_mark_stand_in_one_company(tenant):
    first, second = new_rows(tenant, MARK), new_rows(tenant, MARK)

    shared = {model for model in REGISTRY if first[model] == second[model]}

    assert shared == {Company}
    assert Lead.objects.filter(company=tenant.company, title=MARK).count() == 2


@pytest.mark.django_db
def test_rows_are_tied_to_those_that_a_test_made(tenant):
    rows = new_rows(tenant, MARK)

    rows.adopt(tenant.users["agent"])

    assert rows[Lead].owner == tenant.users["agent"]
    assert rows.make(Lead, title="Spare").title == "Spare"
    assert rows[Lead].title == MARK
