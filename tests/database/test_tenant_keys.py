"""PostgreSQL refuses references between rows of two companies, whatever code writes them."""

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

#: Foreign keys of tables that link a row of a company to none: "table.column", and why that is safe.
UNCONSTRAINED = {
    "crm_activityparticipant.activity_id": "it links to a user",
    "crm_calendarfeed.membership_id": "it links to nothing else",
    "crm_channelmember.channel_id": "it links to a user, who may be a member of several companies",
    "crm_invitation.membership_id": "it links to users, who may be members of several companies",
    "crm_importrow.job_id": "it links to records of any kind, which have no foreign key",
    "crm_importrowerror.job_id": "it links to nothing else",
    "crm_notificationmail.membership_id": "it links to nothing else",
    "crm_notificationpreference.membership_id": "it links to nothing else",
    "leads_amounttally.status_id": "the database itself keeps it, from leads whose status is constrained",
    "leads_leadparticipant.lead_id": "it links to a user",
    "leads_leadfollower.lead_id": "it links to a user",
}


def _has_company(model: type[Model]) -> bool:
    return any(field.name == "company" for field in model._meta.concrete_fields)


def tenant_foreign_keys() -> Iterator[tuple[type[Model], "Field[Any, Any]"]]:
    """Yield every foreign key that points at a table with a company column."""
    for app in ("crm", "people", "pipelines", "leads"):
        for model in apps.get_app_config(app).get_models(include_auto_created=True):
            for field in model._meta.concrete_fields:
                if (
                    field.is_relation
                    and field.related_model is not None
                    and _has_company(field.related_model)
                ):
                    yield model, field


def test_every_foreign_key_between_tenant_tables_is_constrained():
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f'")
        keys = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        triggers = {name for (name,) in cursor.fetchall()}

    unconstrained = [
        f"{model._meta.db_table}.{field.column}"
        for model, field in tenant_foreign_keys()
        if f"{model._meta.db_table}_{field.column}_tenant" not in keys
        and f"{model._meta.db_table}_tenant" not in triggers
    ]

    assert sorted(unconstrained) == sorted(UNCONSTRAINED)


@pytest.mark.parametrize(
    "column", ["person_id", "organization_id", "status_id", "type_id", "source_id", "receiver_id", "stage_id"]
)
def test_lead_cannot_refer_to_a_row_of_another_company(column, tenant, other_tenant):
    lead = LeadFactory(company=tenant.company)
    foreign = LeadFactory(company=other_tenant.company, person=PersonFactory(company=other_tenant.company))
    related: Any = Lead._meta.get_field(column).related_model
    row = related._base_manager.filter(company=other_tenant.company).first()
    if row is None:
        row = related.objects.create(company=other_tenant.company, name="Foreign")

    def refer() -> None:
        Lead.objects.filter(pk=lead.pk).update(**{column: row.pk})
        connection.check_constraints()

    with pytest.raises(IntegrityError), transaction.atomic():
        refer()

    assert foreign.company_id != lead.company_id


def test_link_tables_refuse_rows_of_two_companies(tenant, other_tenant):
    person, foreign = PersonFactory(company=tenant.company), PersonFactory(company=other_tenant.company)
    lead, tag = LeadFactory(company=tenant.company), TagFactory(company=other_tenant.company)

    for link in (
        lambda: person.tags.add(tag),
        lambda: lead.tags.add(tag),
        lambda: LeadPerson.objects.create(lead=lead, person=foreign),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            link()

    assert not person.tags.exists()
    assert not lead.tags.exists()


def test_shared_contact_type_is_usable_by_any_company(tenant, other_tenant):
    phone = ContactType.objects.get(company=None, kind=ContactKind.PHONE)
    people = [PersonFactory(company=company) for company in (tenant.company, other_tenant.company)]

    for person in people:
        Contact.objects.create(company=person.company, person=person, type=phone, value="1")

    assert Person.objects.filter(contacts__type=phone).count() == 2
