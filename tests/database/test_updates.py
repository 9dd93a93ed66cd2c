"""Columns written by a compiled statement are written as ``Model.save`` writes them."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.database.updates import save_columns
from crm.models import Tag
from leads.models import Lead
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db

VALUES = {
    "title": "Ünïcödé %s $1 '\\",
    "description": None,
    "custom_fields": {"a": [1, None, "ß"], "b": {"c": 1.5}},
    "closed_at": timezone.now(),
    "owner_id": None,
    "version": 7,
}


@pytest.fixture
def lead(tenant):
    return LeadFactory(company=tenant.company, owner=tenant.users["agent"])


def test_values_of_all_types_are_stored_unchanged(lead):
    before = lead.updated_at
    for name, value in VALUES.items():
        setattr(lead, name, value)

    save_columns(lead, {*VALUES, "updated_at"})

    stored = Lead.objects.get(pk=lead.pk)
    assert {name: getattr(stored, name) for name in VALUES} == VALUES
    assert stored.updated_at == lead.updated_at > before


def test_only_named_columns_are_written(lead):
    lead.title, lead.description = "Named", "Not named"

    save_columns(lead, {"title"})

    stored = Lead.objects.get(pk=lead.pk)
    assert (stored.title, stored.description) == ("Named", None)


def test_relation_is_named_by_field_or_column(lead, tenant):
    for name, user in (("owner", tenant.users["manager"]), ("owner_id", tenant.users["admin"])):
        lead.owner = user
        save_columns(lead, {name})
        assert Lead.objects.get(pk=lead.pk).owner_id == user.pk


def test_missing_row_is_an_error(lead):
    Lead.objects.filter(pk=lead.pk).delete()

    with pytest.raises(DatabaseError, match="row"):
        save_columns(lead, {"title"})


def test_broken_constraint_is_an_integrity_error(company):
    Tag.objects.create(company=company, name="Hot", slug="hot")
    tag = Tag.objects.create(company=company, name="Cold", slug="cold")
    tag.slug = "hot"

    with pytest.raises(IntegrityError), transaction.atomic():
        save_columns(tag, {"slug"})
    assert Tag.objects.get(pk=tag.pk).slug == "cold"


@pytest.mark.postgres
def test_same_columns_share_a_statement_with_and_without_nulls(lead):
    sent = []
    for title in ("One", None, "Two"):
        lead.description = title
        with CaptureQueriesContext(connection) as captured:
            save_columns(lead, {"description"})
        sent += [each["sql"].partition(" WHERE ")[2] for each in captured]

    assert len(sent) == 3
    assert len(set(sent)) == 1
