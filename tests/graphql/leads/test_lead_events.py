"""Each change of a lead is signalled once, after commit; a change of nothing is not."""

import pytest

from crm.actors import Door
from leads.models import Lead, LeadStatus
from leads.signals import lead_changed
from pipelines.models import Stage
from tests.clients import data, refusal
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory
from tests.graphql.leads.operations import UPDATE, create, create_refused, update

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(tenant):
    return LeadFactory(company=tenant.company, owner=tenant.users["agent"])


def change(document, actor, capture):
    """Run a mutation and commit it."""
    with capture(execute=True):
        data(f"mutation {{ {document} }}", actor=actor)


def test_create(tenant, actors, events, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = create(
            actors.agent,
            leads_owner_id=tenant.users["agent"].pk,
            participants_id=[tenant.users["colleague"].pk],
            tags=[{"name": "Hot"}],
        )
        assert events == []

    (event,) = events
    assert (event.kind, event.object_id, event.entity) == ("created", int(answer["id"]), "lead")
    assert (event.company_id, event.actor_id, event.door) == (
        tenant.company.pk,
        actors.agent.user_id,
        Door.GRAPHQL,
    )
    assert event.before == frozenset()
    assert event.after == {tenant.users["agent"].pk, tenant.users["colleague"].pk}


def test_update_holds_previous_values(lead, tenant, actors, events, django_capture_on_commit_callbacks):
    agent, colleague = tenant.users["agent"].pk, tenant.users["colleague"].pk
    stage = Stage.objects.get(name="Proposal")
    before = {"owner_id": agent, "stage_id": lead.stage_id}

    with django_capture_on_commit_callbacks(execute=True):
        update(
            actors.agent,
            lead.pk,
            title="Renamed",
            leads_owner_id=colleague,
            pipeline_stage_id=stage.pk,
            tags=[{"name": "Hot"}],
        )

    (event,) = events
    assert (event.kind, event.changes) == ("updated", before)
    assert (event.before, event.after) == ({agent}, {colleague})


def test_winning(lead, actors, events, django_capture_on_commit_callbacks):
    open_status = LeadStatus.objects.get(name="Open").pk

    for _ in range(2):
        change(
            f'leadWonOrLost(id: {lead.pk}, input: {{status: "won"}}) {{ id }}',
            actors.agent,
            django_capture_on_commit_callbacks,
        )

    (event,) = events
    assert (event.kind, event.changes) == ("updated", {"status_id": open_status})


def test_delete_and_restore(lead, tenant, actors, events, django_capture_on_commit_callbacks):
    for name in ("deleteLead", "restoreLead", "restoreLead"):
        change(f"{name}(id: {lead.pk})", actors.agent, django_capture_on_commit_callbacks)

    owner = {tenant.users["agent"].pk}
    assert [(event.kind, event.before, event.after) for event in events] == [
        ("deleted", owner, frozenset()),
        ("restored", frozenset(), owner),
    ]


def test_involvement(lead, tenant, actors, events, django_capture_on_commit_callbacks):
    agent, colleague = tenant.users["agent"].pk, tenant.users["colleague"].pk
    tie = f"input: {{lead_id: {lead.pk}, user_id: {colleague}}}"
    follow = f"input: {{entity_id: {lead.pk}, user_id: {colleague}}}"
    for document in (
        f"addLeadParticipant({tie})",
        f"addLeadParticipant({tie})",
        f"followLead({follow})",
        f"removeLeadParticipant({tie})",
        f"unFollowLead({follow})",
        f"unFollowLead({follow})",
    ):
        change(document, actors.manager, django_capture_on_commit_callbacks)

    alone, both = {agent}, {agent, colleague}
    assert [(event.kind, event.before, event.after) for event in events] == [
        ("updated", alone, both),
        ("updated", both, both),
        ("updated", both, both),
        ("updated", both, alone),
    ]


def test_tags_and_custom_fields(lead, tenant, actors, events, django_capture_on_commit_callbacks):
    tag = TagFactory(company=tenant.company)
    tie = f"input: {{tag_id: {tag.pk}, entity_type: LEAD, entity_id: {lead.pk}}}"
    field = f'input: {{name: "size", data: 42, entity_type: LEAD, entity_id: {lead.pk}}}'
    for document in (
        f"attachTagToEntity({tie})",
        f"attachTagToEntity({tie})",
        f"detachTagFromEntity({tie})",
        f"detachTagFromEntity({tie})",
        f"setCustomField({field})",
        f"setCustomField({field})",
        f"deleteCustomField({field})",
        f"deleteCustomField({field})",
    ):
        change(document, actors.agent, django_capture_on_commit_callbacks)

    assert [event.kind for event in events] == ["updated"] * 4
    assert Lead.objects.get().version == 5


def test_no_event_if_nothing_changes_or_the_change_is_refused(
    lead, actors, events, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        update(actors.agent, lead.pk, title=lead.title, leads_owner_id=lead.owner_id, tags=[])
        create_refused(actors.agent, title="", tags=[{"name": "Hot"}])
        refusal(UPDATE, actor=actors.agent, variables={"id": lead.pk, "input": {"title": "X"}, "version": 99})

    assert (events, callbacks) == ([], [])


def test_one_document_emits_several_events(lead, actors, events, django_capture_on_commit_callbacks):
    change(
        f"""a: updateLead(id: {lead.pk}, input: {{title: "A"}}) {{ id }}
            b: updateLead(id: {lead.pk}, input: {{title: "B"}}) {{ id }}""",
        actors.agent,
        django_capture_on_commit_callbacks,
    )

    assert [event.kind for event in events] == ["updated", "updated"]


def test_a_failing_receiver_affects_no_other(lead, actors, events, django_capture_on_commit_callbacks):
    def fail(**_):
        raise RuntimeError("broken listener")

    lead_changed.connect(fail, dispatch_uid="failing")
    try:
        with django_capture_on_commit_callbacks(execute=True):
            answer = update(actors.agent, lead.pk, title="Renamed")
    finally:
        lead_changed.disconnect(dispatch_uid="failing")

    assert (answer["title"], len(events)) == ("Renamed", 1)
