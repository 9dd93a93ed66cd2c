"""From a change of a lead to the message: which events are sent, and their content."""

import pytest
from django.core.exceptions import ValidationError

from crm.events import journal
from crm.models import CustomFieldDefinition, WebhookDelivery
from crm.models.webhooks import DeliveryStatus
from crm.services.registered_documents import NewDocument, register_documents
from crm.webhooks.endpoints import save_endpoint, send_test
from leads.services.leads import create_lead, delete_lead, restore_lead, update_lead
from pipelines.models import Stage
from tests.clients import data
from tests.webhooks.conftest import work
from tests.webhooks.receiving import is_signed

pytestmark = pytest.mark.django_db(transaction=True)

HIGH = {"column": "TITLE", "operator": "LIKE", "value": "Big%"}

CONTENT = (
    *("id", "uuid", "version", "title", "description", "firstname", "lastname", "email", "phone"),
    *("created_at", "updated_at", "stage_changed_at", "last_activity_at", "closed_at", "reason_lost"),
    *("amount", "currency", "expected_close_on", "probability"),
    *("status", "type", "source", "pipeline", "stage", "lost_reason", "owner", "participants"),
    *("people", "organization", "tags", "custom_fields"),
)


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Big deal", "firstname": "Ann"}, actor=actors.agent)


def test_a_change_arrives_signed_with_what_the_lead_holds(endpoint, receiver, lead, actors):
    stages = list(Stage.objects.visible_to(actors.admin).filter(pipeline=lead.pipeline).order_by("weight"))
    before = journal.end()

    assert work() == 1
    update_lead(lead.pk, {"pipeline_stage_id": stages[1].pk, "title": "Bigger"}, actor=actors.agent)
    assert work() == 1

    created, updated = receiver.received
    assert is_signed(updated, endpoint.secret)
    assert abs(int(updated.headers["webhook-timestamp"]) - lead.created_at.timestamp()) < 60
    assert created.id != updated.id
    assert (created.type, updated.type) == ("lead.created", "lead.updated")
    assert set(updated.message) == {"type", "timestamp", "data"}
    assert updated.data["version"] == 1
    assert updated.data["id"] == str(lead.pk)
    assert updated.data["changes"] == {"stage_id": str(stages[0].pk)}
    content = updated.data["lead"]
    assert (content["id"], content["title"], content["firstname"]) == (str(lead.pk), "Bigger", "Ann")
    assert content["stage"] == {"id": str(stages[1].pk), "name": stages[1].name}
    assert content["owner"] is None or set(content["owner"]) == {"id", "displayname", "email"}
    # The cursor of the message is one of the API.
    page = data(
        "query ($after: ID) { leadEvents(after: $after) { events { kind lead { id } } } }",
        actor=actors.viewer,
        variables={"after": created.data["cursor"]},
    )
    assert page["leadEvents"]["events"] == [{"kind": "updated", "lead": {"id": str(lead.pk)}}]
    assert WebhookDelivery.objects.filter(seq__gt=before.seq).count() == 2


def test_the_content_is_the_contract(endpoint, receiver, lead, actors):
    """Receivers rely on it: removing or renaming a field takes a new version."""
    work()

    [request] = receiver.received
    assert sorted(request.data) == ["changes", "cursor", "id", "lead", "version"]
    assert sorted(request.data["lead"]) == sorted(CONTENT)


def test_each_kind_is_sent_in_order(endpoint, receiver, lead, actors):
    update_lead(lead.pk, {"title": "Other"}, actor=actors.agent)
    delete_lead(lead.pk, actor=actors.admin)
    restore_lead(lead.pk, actor=actors.admin)

    assert work() == 4

    assert receiver.types == ["lead.created", "lead.updated", "lead.deleted", "lead.restored"]
    assert sorted(receiver.received[2].data) == ["cursor", "id", "version"]
    # The content is of the time of sending.
    assert [each.data["lead"]["title"] for each in receiver.received if "lead" in each.data] == ["Other"] * 3


def test_a_lead_deleted_meanwhile_is_sent_without_content(endpoint, receiver, lead, actors):
    delete_lead(lead.pk, actor=actors.admin)

    work()

    assert receiver.types == ["lead.created", "lead.deleted"]
    assert receiver.received[0].data["lead"] is None
    assert not WebhookDelivery.objects.exclude(status=DeliveryStatus.DELIVERED).exists()


def test_an_endpoint_is_sent_events_from_its_creation_on(lead, make_endpoint, receiver, actors):
    make_endpoint()
    update_lead(lead.pk, {"title": "Other"}, actor=actors.agent)

    work()

    assert receiver.types == ["lead.updated"]


def test_only_chosen_kinds_are_sent_and_bulk_always(make_endpoint, receiver, lead, actors, monkeypatch):
    make_endpoint(kinds=["lead.deleted"])
    update_lead(lead.pk, {"title": "Other"}, actor=actors.agent)
    delete_lead(lead.pk, actor=actors.admin)
    monkeypatch.setattr("crm.events.outbox.MOST_SINGLE", 0)
    create_lead({"title": "Many"}, actor=actors.agent)

    work()

    assert receiver.types == ["lead.deleted", "lead.bulk"]
    assert receiver.received[1].data["refetch"] is True
    assert sorted(receiver.received[1].data) == ["cursor", "refetch", "version"]


def test_only_leads_that_meet_the_filter_are_sent(make_endpoint, receiver, lead, actors):
    make_endpoint(filter=HIGH)
    small = create_lead({"title": "Small deal"}, actor=actors.agent)
    update_lead(lead.pk, {"description": "x"}, actor=actors.agent)
    update_lead(small.pk, {"title": "Big after all"}, actor=actors.agent)
    delete_lead(create_lead({"title": "Small"}, actor=actors.agent).pk, actor=actors.admin)

    work()

    sent = [(each.type, each.data["id"]) for each in receiver.received]
    # The filter sees the lead as it is when the event is read; a deleted lead always passes.
    assert sent[:3] == [
        ("lead.created", str(small.pk)),
        ("lead.updated", str(lead.pk)),
        ("lead.updated", str(small.pk)),
    ]
    assert [kind for kind, _ in sent[3:]] == ["lead.deleted"]


@pytest.mark.parametrize(
    ("where", "named"),
    [
        ({"column": "SALARY", "value": 1}, "SALARY"),
        ({"colum": "TITLE", "value": "x"}, "colum"),
        ({"column": "TITLE", "operator": "ALMOST", "value": "x"}, "ALMOST"),
        ({"column": "TITLE"}, "TITLE"),
        ({"AND": [{"column": "CREATED_AT", "operator": "GT", "value": "soon"}]}, "CREATED_AT"),
        ({"HAS": {"relation": "secrets"}}, "HAS"),
        ({"column": "TITLE", "value": "a\0b"}, "Null"),
        ([{"column": "TITLE", "value": "x"}], "object"),
    ],
)
def test_an_invalid_filter_is_refused_by_name(endpoint, actors, where, named):
    endpoint.filter = where

    with pytest.raises(ValidationError) as refused:
        save_endpoint(endpoint, actor=actors.admin)

    assert list(refused.value.message_dict) == ["filter"]
    assert named in refused.value.message_dict["filter"][0]
    endpoint.refresh_from_db()
    assert endpoint.filter is None


def test_a_filter_that_became_invalid_pauses_its_endpoint(make_endpoint, receiver, lead, actors, company):
    definition = CustomFieldDefinition.objects.create(
        company=company, model="LEAD", name="Segment", label="S"
    )
    endpoint = make_endpoint(filter={"custom_field": "Segment", "operator": "GT", "value": "A"})
    position = endpoint.position
    definition.kind = "BOOLEAN"
    definition.save()
    update_lead(lead.pk, {"title": "Other"}, actor=actors.agent)

    work()

    endpoint.refresh_from_db()
    assert receiver.received == []
    assert endpoint.position == position
    assert endpoint.paused_at is not None
    assert endpoint.pause_reason.startswith("The filter is no longer valid: ")


def test_companies_are_sent_only_their_own_leads(endpoint, make_endpoint, receiver, actors, other_actors):
    other = make_endpoint(actor=other_actors.admin, url=f"{receiver.url}/other")
    create_lead({"title": "Mine"}, actor=actors.agent)
    create_lead({"title": "Theirs"}, actor=other_actors.agent)

    work()

    sent = sorted((each.path, each.data["lead"]["title"]) for each in receiver.received)
    assert sent == [("/hook", "Mine"), ("/hook/other", "Theirs")]
    assert {each.company_id for each in other.deliveries.all()} == {other_actors.admin.company_id}


def test_a_company_of_registered_documents_gets_messages_too(endpoint, receiver, company, actors, settings):
    register_documents([NewDocument(digest="a" * 64, name="Me", text="{ me { id } }")], company=company)
    settings.GRAPHQL_REGISTERED_ONLY = True
    create_lead({"title": "Mine"}, actor=actors.agent)

    work()

    assert receiver.received[0].data["lead"]["title"] == "Mine"


def test_numbers_of_any_length_are_sent(endpoint, receiver, lead, monkeypatch):
    monkeypatch.setattr(
        "leads.graphql.webhooks.LeadContent.read", lambda self, object_id, *, actor: {"long": 2**70}
    )

    assert work() == 1

    assert receiver.received[0].data["lead"] == {"long": 2**70}


def test_a_test_message_has_no_record(endpoint, receiver, actors):
    send_test(endpoint, actor=actors.admin)

    assert work() == 1

    [request] = receiver.received
    assert request.type == "webhook.test"
    assert request.data == {"version": 1, "message": "This is a test."}
