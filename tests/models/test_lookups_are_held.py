"""Rules that the database enforces by itself: lookups in use, one default, and unique names."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import RestrictedError

from leads.models import (
    LeadLostReason,
    LeadPerson,
    LeadReceiver,
    LeadRotation,
    LeadSource,
    LeadStatus,
    LeadType,
)
from people.models import Contact, ContactType, PeopleRelationship, Person
from pipelines.models import Pipeline, Stage
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import ContactTypeFactory, PersonFactory
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def used(company) -> dict[str, Any]:
    """Return a row of each lookup that other rows refer to."""
    rotation = LeadRotation.objects.create(company=company, name="Inbound")
    receiver = LeadReceiver.objects.create(company=company, name="Web", rotation=rotation)
    lead = LeadFactory(
        company=company,
        receiver=receiver,
        type=LeadType.objects.filter(company=company)[0],
        source=LeadSource.objects.filter(company=company)[0],
    )
    reason = LeadLostReason.objects.create(company=company, name="Price")
    type(lead)._base_manager.filter(pk=lead.pk).update(lost_reason=reason)
    person: Person = PersonFactory(company=company)
    relationship = PeopleRelationship.objects.create(company=company, name="Buyer")
    LeadPerson.objects.create(lead=lead, person=person, relationship=relationship)
    fax: ContactType = ContactTypeFactory(company=company, name="Fax")
    Contact.objects.create(company=company, person=person, type=fax, value="1")
    return {
        "status": lead.status,
        "type": lead.type,
        "source": lead.source,
        "lost_reason": reason,
        "receiver": receiver,
        "rotation": rotation,
        "pipeline": lead.pipeline,
        "stage": lead.stage,
        "relationship": relationship,
        "contact_type": fax,
    }


LISTS = (
    "status",
    "type",
    "source",
    "lost_reason",
    "receiver",
    "rotation",
    "pipeline",
    "stage",
    "relationship",
    "contact_type",
)


@pytest.mark.parametrize("name", LISTS)
def test_a_row_in_use_cannot_be_deleted(used, name):
    row = used[name]
    table = connection.ops.quote_name(row._meta.db_table)

    # Through the model.
    with pytest.raises(RestrictedError), transaction.atomic():
        row.delete()
    # And by SQL.
    with pytest.raises(IntegrityError), transaction.atomic():
        _delete_and_check(table, row.pk)
    assert type(row)._base_manager.filter(pk=row.pk).exists()


def _delete_and_check(table: str, key: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [key])
    # Foreign keys are checked when the transaction ends: check them now.
    connection.check_constraints()


@pytest.mark.parametrize("model", [LeadStatus, LeadReceiver, Pipeline])
def test_a_second_default_is_refused(company, model):
    more: dict[str, Any] = {"slug": "second"} if model is Pipeline else {}

    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(company=company, name="Second", is_default=True, **more)

    assert model.objects.filter(company=company, is_default=True).count() == 1


@pytest.mark.parametrize(
    "model", [LeadStatus, LeadType, LeadSource, LeadLostReason, PeopleRelationship, ContactType]
)
def test_names_are_unique_ignoring_case(company, other_company, model):
    model.objects.create(company=company, name="Partner")
    model.objects.create(company=other_company, name="PARTNER")

    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(company=company, name="pARTNER")


def test_tags_are_unique_ignoring_case(company):
    TagFactory(company=company, name="VIP", slug="vip")

    with pytest.raises(IntegrityError), transaction.atomic():
        TagFactory(company=company, name="vip", slug="other")


@pytest.mark.parametrize("name", ["status", "stage", "type", "source", "receiver"])
@pytest.mark.postgres
def test_a_row_of_another_company_is_refused(company, other_company, name):
    models: dict[str, Any] = {
        "status": LeadStatus,
        "stage": Stage,
        "type": LeadType,
        "source": LeadSource,
        "receiver": LeadReceiver,
    }
    lead = LeadFactory(company=company)
    foreign = models[name].objects.filter(company=other_company).order_by("pk")[0]

    with pytest.raises(IntegrityError), transaction.atomic():
        _assign_and_check(lead, name, foreign)


def _assign_and_check(lead: Any, name: str, foreign: Any) -> None:
    type(lead)._base_manager.filter(pk=lead.pk).update(**{name: foreign})
    connection.check_constraints()
