"""Lost reasons: from the company's list and as free text."""

import threading

import pytest
from django.db import connection

from crm.models import Company
from crm.models.history import HistoryEntry
from leads.models import Lead, LeadLostReason, LeadStatus
from leads.services.closing import close_lead
from leads.services.leads import create_lead
from leads.signals import lead_changed
from tests.clients import data, refusal
from tests.factories.crm import tenant as make_tenant
from tests.graphql.leads.operations import invalid, not_found
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db

OUTCOME = """mutation($id: ID!, $input: LeadWonOrLostInput) { result: leadWonOrLost(id: $id, input: $input) {
  reason_lost closed_at status { name } lost_reason { id name is_active } } }"""
UPDATE = """mutation($id: ID!, $input: LeadUpdateInput!) { result: updateLead(id: $id, input: $input) {
  reason_lost closed_at status { name } lost_reason { id name is_active } } }"""


@pytest.fixture
def tenant(db):
    """A company of each test's own, since one of them commits."""
    return make_tenant()


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Deal"}, actor=actors.agent)


@pytest.fixture
def price(tenant):
    return LeadLostReason.objects.create(company=tenant.company, name="Price")


def result(document, actor, lead, **values):
    return data(document, actor=actor, variables={"id": lead.pk, "input": values})["result"]


def refused(document, actor, lead, **values):
    return refusal(document, actor=actor, variables={"id": lead.pk, "input": values})["extensions"]


def test_a_lead_is_lost_for_a_reason_of_the_list(lead, price, actors):
    found = result(
        OUTCOME, actors.agent, lead, status="lost", lost_reason_id=price.pk, reason_lost="Too much"
    )

    assert found["lost_reason"] == {"id": str(price.pk), "name": "Price", "is_active": True}
    assert found["reason_lost"] == "Too much"


def test_either_reason_satisfies_the_requirement(lead, price, actors):
    Company.objects.update(reason_lost_required=True)

    assert refused(OUTCOME, actors.agent, lead, status="lost") == invalid(
        reason_lost="Enter why the lead was lost."
    )
    assert Lead.objects.get().closed_at is None
    found = result(OUTCOME, actors.agent, lead, status="lost", lost_reason_id=price.pk)
    assert (found["lost_reason"]["name"], found["reason_lost"]) == ("Price", None)


@pytest.mark.parametrize("document", [OUTCOME, UPDATE], ids=["leadWonOrLost", "updateLead"])
def test_refused_reasons(lead, price, actors, tenant, other_tenant, document):
    lost = LeadStatus.objects.get(company=tenant.company, name="Lost")
    status = {"status": "lost"} if document == OUTCOME else {"status_id": lost.pk}
    foreign = LeadLostReason.objects.create(company=other_tenant.company, name="Price")
    LeadLostReason.objects.filter(pk=price.pk).update(is_active=False)

    assert refused(document, actors.agent, lead, **status, lost_reason_id=foreign.pk) == not_found(
        "input.lost_reason_id"
    )
    assert refused(document, actors.agent, lead, **status, lost_reason_id=price.pk) == invalid(
        lost_reason_id="This reason is inactive: choose an active one."
    )
    assert Lead.objects.get().status.is_open


def test_an_inactive_reason_stays_on_old_leads(lead, price, actors):
    close_lead(lead.pk, "lost", lost_reason_id=price.pk, actor=actors.agent)
    LeadLostReason.objects.filter(pk=price.pk).update(is_active=False)

    found = result(UPDATE, actors.agent, lead, title="Other", lost_reason_id=price.pk)

    assert found["lost_reason"] == {"id": str(price.pk), "name": "Price", "is_active": False}


def test_reopening_clears_the_closing_and_posts_who_did_it(tenant, lead, price, actors):
    close_lead(lead.pk, "lost", lost_reason_id=price.pk, reason_lost="Too much", actor=actors.agent)
    active = LeadStatus.objects.default_of(tenant.company.pk).get()

    found = result(UPDATE, actors.manager, lead, status_id=active.pk)

    assert found == {
        "reason_lost": None,
        "closed_at": None,
        "status": {"name": active.name},
        "lost_reason": None,
    }
    error = HistoryEntry.objects.order_by("-pk")[0]
    assert error.user_id == actors.manager.user_id
    assert error.changes["lost_reason"] == [{"id": str(price.pk), "name": "Price"}, None]
    assert error.changes["reason_lost"] == ["Too much", None]


def test_winning_clears_the_reason(lead, price, actors):
    close_lead(lead.pk, "lost", lost_reason_id=price.pk, actor=actors.agent)

    assert result(OUTCOME, actors.agent, lead, status="won")["lost_reason"] is None


ROUNDS = 30


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_concurrent_losses_close_a_lead_once():
    tenant = make_tenant()
    actor = tenant.actors.agent
    events = []

    def hear(event, **_signal):
        events.append(event)

    def lose(key, start):
        try:
            start.wait(timeout=PATIENCE_SECONDS)
            close_lead(key, "lost", reason_lost="Price", actor=actor)
        finally:
            connection.close()

    lead_changed.connect(hear)
    try:
        for _round in range(ROUNDS):
            lead = create_lead({"title": "Deal"}, actor=actor)
            entries = HistoryEntry.objects.filter(object_id=lead.pk, content_type__model="lead")
            events.clear()
            start = threading.Barrier(2)
            threads = [threading.Thread(target=lose, args=(lead.pk, start)) for _caller in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=PATIENCE_SECONDS)
            # One tells of its creation, one of its loss.
            assert (entries.count(), len(events)) == (2, 1)
    finally:
        lead_changed.disconnect(hear)
