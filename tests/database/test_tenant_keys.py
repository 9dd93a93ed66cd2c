"""PostgreSQL itself refuses ties between rows of two companies, whoever writes them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import Field, Model

from leads.models import Lead, LeadPerson
from people.models import Contact, ContactKind, ContactType, Person
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

#: Ties whose one end has no company: "table.column" and why the other end is enough.
SINGLE_ENDED = {
    "crm_channelmember.channel_id": "its other end is a user, who may be a member of several companies",
    "crm_importrowerror.job_id": "it has no other end",
    "leads_leadparticipant.lead_id": "its other end is a user",
    "leads_leadfollower.lead_id": "its other end is a user",
}


def _has_company(model: type[Model]) -> bool:
    return any(field.name == "company" for field in model._meta.concrete_fields)


def tenant_ties() -> Iterator[tuple[type[Model], "Field[Any, Any]"]]:
    """Give every foreign key that points at a table of rows of companies."""
    for app in ("crm", "people", "pipelines", "leads"):
        for model in apps.get_app_config(app).get_models(include_auto_created=True):
            for field in model._meta.concrete_fields:
                if (
                    field.is_relation
                    and field.related_model is not None
                    and _has_company(field.related_model)
                ):
                    yield model, field


def test_every_tie_between_rows_of_companies_is_kept_within_one():
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f'")
        keys = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        triggers = {name for (name,) in cursor.fetchall()}

    loose = [
        f"{model._meta.db_table}.{field.column}"
        for model, field in tenant_ties()
        if f"{model._meta.db_table}_{field.column}_tenant" not in keys
        and f"{model._meta.db_table}_tenant" not in triggers
    ]

    assert sorted(loose) == sorted(SINGLE_ENDED)


@pytest.mark.parametrize(
    "column", ["person_id", "organization_id", "status_id", "type_id", "source_id", "receiver_id", "stage_id"]
)
def test_a_lead_is_not_tied_to_a_row_of_another_company(column, tenant, other_tenant):
    lead = LeadFactory(company=tenant.company)
    foreign = LeadFactory(company=other_tenant.company, person=PersonFactory(company=other_tenant.company))
    related: Any = Lead._meta.get_field(column).related_model
    row = related._base_manager.filter(company=other_tenant.company).first()
    if row is None:
        row = related.objects.create(company=other_tenant.company, name="Foreign")

    def tie() -> None:
        Lead.objects.filter(pk=lead.pk).update(**{column: row.pk})
        connection.check_constraints()

    with pytest.raises(IntegrityError), transaction.atomic():
        tie()

    assert foreign.company_id != lead.company_id


def test_links_do_not_cross_companies(tenant, other_tenant):
    person, foreign = PersonFactory(company=tenant.company), PersonFactory(company=other_tenant.company)
    lead, tag = LeadFactory(company=tenant.company), TagFactory(company=other_tenant.company)

    for tie in (
        lambda: person.tags.add(tag),
        lambda: lead.tags.add(tag),
        lambda: LeadPerson.objects.create(lead=lead, person=foreign),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            tie()

    assert not person.tags.exists()
    assert not lead.tags.exists()


def test_a_contact_of_a_shared_type_belongs_to_any_company(tenant, other_tenant):
    phone = ContactType.objects.get(company=None, kind=ContactKind.PHONE)
    people = [PersonFactory(company=company) for company in (tenant.company, other_tenant.company)]

    for person in people:
        Contact.objects.create(company=person.company, person=person, type=phone, value="1")

    assert Person.objects.filter(contacts__type=phone).count() == 2
