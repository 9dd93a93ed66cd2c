"""An event reaches those who see the lead before and after: its audience against visible_to."""

from dataclasses import replace
from itertools import product

import pytest
from graphql import FieldNode

from crm.actors import Role
from crm.credentials import Credential
from crm.events import journal
from crm.events.audience import Visibility, rule_for
from crm.events.cursor import Cursor
from crm.events.sequencer import sequence
from crm.graphql.documents import parse_document
from crm.graphql.execution import Operation
from crm.graphql.execution.admission import admit
from crm.graphql.execution.shared_subscriptions import subscription_key
from crm.graphql.execution.subscriptions import Subscription
from leads.models import Lead
from leads.services import events
from leads.services.involvement import add_participant, follow_lead, remove_participant, unfollow_lead
from leads.services.leads import create_lead, delete_lead, restore_lead, update_lead
from tests.clients import GraphQLSchema
from tests.factories.crm import TagFactory

pytestmark = pytest.mark.django_db

SEES_ALL = (True, False)


def everybody(*tenants):
    """Return an actor for each role, visibility and user of some companies."""
    return [
        replace(tenant.actors.agent, user_id=user.pk, role=role, company_sees_all_leads=sees_all)
        for tenant in tenants
        for role, sees_all, user in product(Role, SEES_ALL, tenant.users.values())
    ]


def admitted(query, actor, **variables) -> Subscription:
    """Admit a subscription as a socket does."""
    operation = Operation(query=query, variables=variables)
    credential = Credential(actor=actor, token_id=None, user_id=actor.user_id, expires_at=None)
    subscription = admit(GraphQLSchema, operation, credential)
    assert isinstance(subscription, Subscription)
    return subscription


def sees(actor, lead):
    return Lead.objects.visible_to(actor).filter(pk=lead.pk).exists()


def last_event():
    sequence()
    end = journal.end()
    [event] = journal.read_after(Cursor(end.epoch, end.seq - 1), limit=1)
    return event


def test_the_audience_agrees_with_visible_to(tenant, other_tenant, actors):
    actors_of_all, manager = everybody(tenant, other_tenant), actors.manager
    agent, colleague, viewer = (str(tenant.users[name].pk) for name in ("agent", "colleague", "viewer"))
    lead = create_lead({"title": "A", "leads_owner_id": agent}, actor=manager)
    steps = [
        lambda: update_lead(lead.pk, {"title": "B"}, actor=manager),
        lambda: add_participant(lead.pk, colleague, actor=manager),
        lambda: follow_lead(lead.pk, user_key=viewer, actor=manager),
        lambda: update_lead(lead.pk, {"leads_owner_id": colleague}, actor=manager),
        lambda: remove_participant(lead.pk, colleague, actor=manager),
        lambda: update_lead(lead.pk, {"leads_owner_id": None}, actor=manager),
        lambda: unfollow_lead(lead.pk, user_key=viewer, actor=manager),
        lambda: delete_lead(lead.pk, actor=manager),
        lambda: restore_lead(lead.pk, actor=manager),
    ]
    compared = 0

    for number, step in enumerate(steps):
        before = [sees(actor, lead) for actor in actors_of_all]
        step()
        event = last_event()
        for actor, saw in zip(actors_of_all, before, strict=True):
            now = sees(actor, lead)
            expected = Visibility.PAYLOAD if now else Visibility.REMOVED if saw else Visibility.NOTHING
            assert rule_for(event, actor).visibility is expected, (number, actor)
            if actor.company_id == lead.company_id and not actor.sees_all_leads and event.kind != "deleted":
                assert (actor.user_id in events.readers(lead.pk)) == now, (number, actor)
            compared += 1

    assert compared == len(steps) * len(actors_of_all)
    assert len(actors_of_all) == 2 * len(Role) * 2 * len(tenant.users)


@pytest.mark.parametrize(
    ("selection", "of_all", "of_own"),
    [
        ("id title status { name } stage { name } people { name } updated_at", False, False),
        ("id owner { id displayname } participants { id } followers { id } tags { name }", False, False),
        ("custom_fields { name value } is_rotting days_in_stage", False, False),
        ("id people { name tags { name } }", False, False),
        ("id duplicates { id }", False, True),
        ("id channels { id }", False, True),
        ("id company { id my_role }", True, True),
    ],
)
def test_an_answer_is_shared_unless_it_depends_on_who_reads(tenant, actors, selection, of_all, of_own):
    lead = create_lead(
        {"title": "A", "people": {"firstname": "Ann", "lastname": "Doe"}, "tags": [{"name": "Hot"}]},
        actor=actors.manager,
    )
    TagFactory(company=tenant.company)
    event = last_event()

    for sees_all, personal in ((True, of_all), (False, of_own)):
        actor = replace(actors.agent, company_sees_all_leads=sees_all)
        subscription = admitted(f"subscription {{ leadUpdate {{ {selection} }} }}", actor)

        answer = subscription._resolve(event, actor, True)

        assert answer.is_personal is personal, (sees_all, selection)
        assert personal or str(lead.title) in (answer.text or "") or "title" not in selection


def key_of(query, actor, **variables):
    return admitted(query, actor, **variables).key


def test_equal_subscriptions_under_equal_rights_have_one_key(tenant, actors):
    cursor = str(journal.end())
    resuming = "subscription ($after: ID) { leadUpdate(after: $after) { id } }"
    agent, colleague = actors.agent, actors.colleague

    assert key_of(resuming, agent) == key_of(resuming, colleague, after=cursor)
    assert key_of(resuming, agent) == key_of(resuming, replace(agent, via="another token"))


def test_other_rights_variables_and_documents_have_other_keys(tenant, actors):
    one = "subscription ($title: Mixed) { leadUpdate(where: { column: TITLE, value: $title }) { id } }"
    agent = actors.agent

    assert key_of(one, agent, title="A") != key_of(one, agent, title="B")
    assert key_of(one, agent, title="1") != key_of(one, agent, title=1)
    assert key_of(one, agent, title="A") != key_of(one + " ", agent, title="A")
    assert key_of(one, agent, title="A") != key_of(one, actors.manager, title="A")
    assert key_of(one, agent, title="A") != key_of(
        one, replace(agent, company_sees_all_leads=False), title="A"
    )


def test_a_start_variable_used_elsewhere_too_is_part_of_the_key(actors):
    def key(text, after):
        document = parse_document(text, tokens=100, comments=0, length=1000, depth=10)
        [operation] = document.operations
        [field] = operation.selection_set.selections
        assert isinstance(field, FieldNode)
        return subscription_key(document, operation, field, {"after": after}, actors.agent)

    resuming = "subscription ($after: ID) { leadUpdate(after: $after) { id } }"
    both = "subscription ($after: ID) { leadUpdate(after: $after, id: $after) { id } }"

    assert key(resuming, "a") == key(resuming, "b")
    assert key(both, "a") != key(both, "b")
