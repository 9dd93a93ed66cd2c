"""On PostgreSQL, one statement answers an event for all who share a subscription."""

from dataclasses import replace

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.graphql.execution import subscriptions
from leads.services.leads import create_lead, delete_lead, update_lead
from tests.factories.crm import TagFactory
from tests.graphql.leads.test_lead_event_readers import admitted, last_event

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

SELECTION = """
    __typename id uuid title description version created_at updated_at closed_at
    owner { id displayname } status { id name } stage { id name pipeline { name } } people { id name email }
    organization { name } participants { id } followers { id } tags { name } custom_fields { name value }
"""


@pytest.fixture
def lead(tenant, actors):
    TagFactory(company=tenant.company)
    return create_lead(
        {
            "title": 'A "quoted" title ünïcode',
            "people": {"firstname": "Ann", "lastname": "Doe", "email": "ann@example.com"},
            "tags": [{"name": "Hot"}],
            "leads_owner_id": str(tenant.users["agent"].pk),
        },
        actor=actors.manager,
    )


def answer_to(query, actor, event, *, shared=True, **variables):
    answer = admitted(query, actor, **variables)._resolve(event, actor, shared)
    return answer, answer.text and orjson.loads(answer.text)


def test_the_compiled_answer_equals_that_of_the_standard_executor(lead, actors, settings):
    query = f"subscription {{ mine: leadUpdate {{ ...L }} }} fragment L on Lead {{ {SELECTION} }}"
    event = last_event()

    compiled = answer_to(query, actors.agent, event)
    settings.GRAPHQL_COMPILED_READS = False
    standard = answer_to(query, actors.agent, event)

    assert compiled == standard
    assert compiled[1]["data"]["mine"]["title"] == lead.title


def test_it_takes_one_statement_and_not_the_standard_executor(lead, actors, monkeypatch):
    monkeypatch.setattr(subscriptions, "respond", None)
    event = last_event()
    subscription = admitted(f"subscription {{ leadUpdate {{ {SELECTION} }} }}", actors.agent)
    subscription._resolve(event, actors.agent, True)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = subscription._resolve(event, actors.agent, True)

    assert len(queries) == 1
    assert answer.text is not None


def test_where_members_see_only_own_leads_a_second_statement_reads_the_readers(lead, tenant, actors):
    actor = replace(actors.colleague, company_sees_all_leads=False)
    event = last_event()
    subscription = admitted("subscription { leadUpdate { id title people { name } } }", actor)
    subscription._resolve(event, actor, True)

    with CaptureQueriesContext(connection) as queries:
        answer = subscription._resolve(event, actor, True)

    assert len(queries) == 2
    assert answer.readers == frozenset({tenant.users["agent"].pk})
    assert not answer.is_personal


def test_a_personal_selection_is_known_from_the_statement(lead, actors):
    own = replace(actors.agent, company_sees_all_leads=False)
    event = last_event()
    query = "subscription { leadUpdate { id channels { id } } }"

    read = admitted(query, own)._read(own, True)
    assert read is not None
    assert read.is_personal
    assert answer_to(query, own, event)[0].is_personal
    assert not answer_to(query, actors.agent, event)[0].is_personal
    assert answer_to(query, own, event, shared=False)[1]["data"]["leadUpdate"]["id"] == str(lead.pk)


def test_a_personal_answer_holds_no_lead_of_others(lead, actors):
    own = replace(actors.colleague, company_sees_all_leads=False)
    query = "subscription { leadUpdate { id channels { id } } }"

    assert answer_to(query, own, last_event(), shared=False)[0].text is None


@pytest.mark.parametrize(("value", "is_sent"), [("A", True), ("B", False)])
def test_where_narrows_it(lead, actors, value, is_sent):
    update_lead(lead.pk, {"title": "A"}, actor=actors.manager)
    query = """subscription ($value: Mixed) {
        leadUpdate(where: { column: TITLE, value: $value }) { id }
    }"""

    answer, content = answer_to(query, actors.agent, last_event(), value=value)

    assert (answer.text is not None) is is_sent
    assert not is_sent or content["data"] == {"leadUpdate": {"id": str(lead.pk)}}


def test_a_lead_that_is_gone_is_not_sent(lead, actors):
    event = last_event()
    delete_lead(lead.pk, actor=actors.manager)

    assert answer_to("subscription { leadUpdate { id } }", actors.agent, event)[0].text is None


def test_a_lead_of_another_company_is_not_sent(lead, other_actors):
    query = "subscription { leadUpdate { id } }"

    assert answer_to(query, other_actors.manager, last_event())[0].text is None
