"""Rows locked by a compiled statement are those that the ORM returns."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.database.row_locks import _locks, locked_row
from crm.errors import NotFound
from crm.models.base import TenantModel, pick
from crm.services import locking
from leads.models import Lead
from people.models import Person
from tests.factories.leads import LeadFactory
from tests.graphql.compiler.worlds import fill

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def lead(tenant):
    return LeadFactory(company=tenant.company)


def column_values(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_rows_of_every_model_are_those_of_the_orm(tenant, other_tenant):
    fill(tenant, seed=1)
    fill(other_tenant, seed=2)
    compared = set()
    models: list[Any] = [each for each in apps.get_models() if issubclass(each, TenantModel)]
    for model in models:
        for row in model._base_manager.order_by("company_id", "pk")[:40]:
            for actor in (tenant.actors.agent, tenant.actors.admin):
                for key in filter(None, (row.pk, str(getattr(row, "uuid", "")))):
                    try:
                        expected = column_values(pick(model._default_manager.visible_to(actor), key))
                    except NotFound:
                        with pytest.raises(NotFound):
                            locking.lock(model, actor, key)
                        continue
                    locked = locking.lock(model, actor, key)
                    assert column_values(locked) == expected
                    assert (locked._state.adding, locked._state.db) == (False, "default")
                    compared.add(model)

    assert {Lead, Person} < compared
    # locking.lock falls back to the ORM where a model cannot be compiled; none did.
    assert {key[0] for key in _locks} >= compared


@pytest.mark.parametrize("key", ["x", "", None, "-1", 2**70, "00000000-0000-4000-8000-000000000000"])
def test_key_of_no_row_is_refused(actors, key):
    with pytest.raises(NotFound) as refused:
        locking.lock(Lead, actors.admin, key, argument="lead_id")

    assert refused.value.details == {"argument": "lead_id"}


def test_second_lock_is_one_statement_without_compilation(tenant, actors, lead, monkeypatch):
    locking.lock(Lead, actors.agent, lead.pk)
    monkeypatch.setattr("crm.database.row_locks._compile", None)

    with CaptureQueriesContext(connection) as captured:
        locking.lock(Lead, actors.agent, lead.pk)

    [sent] = captured
    assert sent["sql"].endswith('FOR UPDATE OF "leads_lead"')


@pytest.mark.django_db(transaction=True)
def test_lock_outside_a_transaction_is_refused(actors, lead):
    with pytest.raises(transaction.TransactionManagementError):
        locking.lock(Lead, actors.agent, lead.pk)


def test_row_of_another_company_stays_hidden_from_an_actor_with_the_same_key(tenant, other_tenant, lead):
    locking.lock(Lead, tenant.actors.agent, lead.pk)

    assert locked_row(Lead, other_tenant.actors.agent, lead.pk) is None
