"""Webhooks about people, organizations, activities, pipelines and stages."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from crm.events import retention
from crm.graphql.webhooks.contents import ActivityContent, RecordContent
from crm.models import Event, WebhookEndpoint
from crm.models.webhooks import CHOSEN_TYPES, default_kinds
from crm.services.activities import create_activity
from leads.services.leads import create_lead
from people.graphql.webhooks import OrganizationContent, PersonContent
from people.models import Person
from people.services.merging import merge
from people.services.organizations import create_organization
from people.services.people import create_person, delete_person, update_person
from pipelines.graphql.webhooks import PipelineContent, StageContent
from pipelines.models import Pipeline, Stage
from pipelines.services.pipelines import update_pipeline
from pipelines.services.stages import update_stage
from tests.webhooks.conftest import work

pytestmark = pytest.mark.django_db(transaction=True)

CONTENTS: tuple[type[RecordContent], ...] = (
    ActivityContent,
    OrganizationContent,
    PersonContent,
    PipelineContent,
    StageContent,
)
GUIDE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
ANN = {"column": "NAME", "operator": "LIKE", "value": "Ann%"}


def test_every_kind_is_sent_with_its_record(make_endpoint, receiver, actors):
    make_endpoint(kinds=list(CHOSEN_TYPES))
    actor = actors.manager
    person = create_person(
        {"firstname": "Ann", "email": "ann@example.com", "tags": [{"name": "Hot"}]}, actor=actor
    )
    organization = create_organization({"name": "Acme"}, actor=actor)
    lead = create_lead({"title": "Deal"}, actor=actor)
    values: Any = {"entity_type": "LEAD", "entity_id": lead.pk, "kind": "NOTE", "text": "Hello"}
    note = create_activity(values, actor=actor)
    update_pipeline(Pipeline.objects.get().pk, {"name": "Sales"}, actor=actor)
    update_stage(Stage.objects.get(name="New").pk, {"name": "Fresh"}, actor=actor)

    assert work() == 7

    assert receiver.types == [
        "people.created",
        "organization.created",
        "lead.created",
        "activity.created",
        "lead.updated",
        "pipeline.updated",
        "stage.updated",
    ]
    records = [each.data[each.type.partition(".")[0]] for each in receiver.received]
    assert (records[0]["id"], records[0]["name"]) == (str(person.pk), "Ann")
    assert records[0]["contacts"][0]["value"] == "ann@example.com"
    assert [tag["name"] for tag in records[0]["tags"]] == ["Hot"]
    assert (records[1]["id"], records[1]["version"]) == (str(organization.pk), 1)
    assert (records[3]["id"], records[3]["text"], records[3]["entity_id"]) == (
        str(note.pk),
        "Hello",
        str(lead.pk),
    )
    assert records[5]["stages"][0]["name"] == "Fresh"
    assert (records[6]["name"], records[6]["pipeline"]["name"]) == ("Fresh", "Sales")


def test_a_merge_and_what_is_gone(make_endpoint, receiver, actors):
    make_endpoint(kinds=["people.merged", "people.deleted", "people.updated"])
    winner, loser, other = (create_person({"firstname": name}, actor=actors.manager) for name in "ABC")
    merge(Person, winner.pk, [loser.pk], actor=actors.manager)
    update_person(other.pk, {"lastname": "X"}, actor=actors.manager)
    delete_person(other.pk, actor=actors.manager)

    work()

    assert receiver.types == ["people.updated", "people.merged", "people.updated", "people.deleted"]
    merged, unread = receiver.received[1].data, receiver.received[2].data
    assert (merged["id"], merged["winner_id"]) == (str(loser.pk), str(winner.pk))
    assert sorted(merged) == ["cursor", "id", "version", "winner_id"]
    # Deleted before it was sent.
    assert (unread["id"], unread["people"], unread["changes"]) == (str(other.pk), None, {})


def test_an_endpoint_hears_of_its_kinds_alone(endpoint, receiver, actors, monkeypatch):
    assert endpoint.kinds == default_kinds()
    create_person({"firstname": "A"}, actor=actors.manager)
    create_lead({"title": "Deal"}, actor=actors.manager)
    monkeypatch.setattr("crm.events.outbox.MOST_SINGLE", 0)
    create_person({"firstname": "B"}, actor=actors.manager)
    create_lead({"title": "Many"}, actor=actors.manager)

    work()

    assert receiver.types == ["lead.created", "lead.bulk"]


def test_events_that_were_pruned_are_a_bulk_message_of_each_kind(make_endpoint, receiver, actors):
    endpoint = make_endpoint(kinds=["people.created", "people.updated", "stage.updated"])
    create_person({"firstname": "A"}, actor=actors.manager)
    Event.objects.update(created_at="2020-01-01T00:00:00Z")
    retention.prune()

    work()

    assert sorted(receiver.types) == ["people.bulk", "stage.bulk"]
    assert WebhookEndpoint.objects.get(pk=endpoint.pk).missed_at is not None


def test_only_people_that_meet_the_filter_are_sent(make_endpoint, receiver, actors):
    make_endpoint(kinds=["people.created", "people.deleted"], filter=ANN)
    create_person({"firstname": "Bob"}, actor=actors.manager)
    ann = create_person({"firstname": "Ann"}, actor=actors.manager)

    work()

    assert [(each.type, each.data["id"]) for each in receiver.received] == [("people.created", str(ann.pk))]


@pytest.mark.parametrize(
    ("kinds", "chosen", "said"),
    [
        (["stage.created"], ANN, "Stages cannot be filtered"),
        (["people.created", "activity.created"], ANN, "Activities cannot be filtered"),
        (["people.created", "lead.created"], ANN, "NAME"),
        (["people.created"], {"column": "SALARY", "value": 1}, "SALARY"),
    ],
)
def test_a_filter_has_to_fit_each_kind(make_endpoint, kinds, chosen, said):
    with pytest.raises(ValidationError) as refused:
        make_endpoint(kinds=kinds, filter=chosen)

    assert said in refused.value.message_dict["filter"][0]
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize("content", CONTENTS)
def test_every_field_of_the_content_is_named_in_the_guide(content):
    section = GUIDE.partition("## Other records")[2].partition("\n## ")[0]
    [line] = [line for line in section.splitlines() if line.startswith(f"| `{content.entity}` ")]

    assert set(re.findall(r"\w+", content.selection)) - set(re.findall(r"\w+", line)) == set()
