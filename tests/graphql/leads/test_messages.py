"""Messages in one or several channels; who may change them; system messages."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.models import ChannelMember, Filesystem, LeadVisibility, Message
from leads.models import Lead
from leads.services.leads import create_lead
from pipelines.models import Stage
from tests.clients import data
from tests.graphql.leads.conversations import do, not_found, refused
from tests.graphql.leads.operations import update
from tests.graphql.lists.asking import listed, where

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Deal"}, actor=actors.agent)


@pytest.fixture
def channel(lead):
    return str(lead.channels.get().pk)


def say(actor, channel, message="Hello", **values):
    return do("createMessage", actor, input={"channel_id": channel, "message": message, **values})


@pytest.mark.parametrize("message", ["Hello", {"text": "Hi", "mentions": [1]}, ["a"], 0, False, 1.5])
def test_a_message_is_any_json(actors, channel, message):
    said = say(actors.agent, channel, message)
    assert said["message"] == message
    assert (said["channel_id"], said["message_verb"], said["is_system"]) == (channel, "comment", False)
    assert said["user"] == {"id": str(actors.agent.user_id)}
    assert Message.objects.get(pk=said["id"]).door == "graphql"


@pytest.mark.parametrize("message", ["", "  ", {}, [], "x" * 100_001])
def test_empty_and_too_large_messages_are_refused(actors, channel, message):
    error = refused("createMessage", actors.agent, input={"channel_id": channel, "message": message})
    assert list(error["validation"]) == ["input.message"]
    assert Message.objects.count() == 0


def test_markup_stays_the_text_that_it_is(actors, channel):
    payload = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    assert say(actors.agent, channel, payload)["message"] == payload


def test_verb_slug_and_answer(actors, channel):
    first = say(actors.agent, channel, message_verb="call", slug="intro")
    answer = say(actors.colleague, channel, parent_id=first["id"])
    assert (first["message_verb"], first["slug"], first["parent_id"]) == ("call", "intro", None)
    assert answer["parent_id"] == first["id"]


def test_a_reply_is_in_the_channel_of_its_parent(lead, channel, actors):
    first = say(actors.agent, channel)
    other = do(
        "createSocialChannel",
        actors.agent,
        input={"entity_type": "LEAD", "entity_id": str(lead.pk), "name": "Other"},
    )
    values = {"channel_id": other["id"], "message": "Yes", "parent_id": first["id"]}
    assert list(refused("createMessage", actors.agent, input=values)["validation"]) == ["input.parent_id"]
    values["parent_id"] = "999999"
    assert refused("createMessage", actors.agent, input=values) == not_found("input.parent_id")


def test_one_message_in_each_of_several_channels(tenant, actors):
    leads = [create_lead({"title": "Deal"}, actor=actors.agent) for _ in range(2)]
    channels = [str(lead.channels.get().pk) for lead in leads]
    colleague = tenant.users["colleague"]
    upload = SimpleUploadedFile("offer.txt", b"What we agreed on.")
    said = do(
        "createMessage",
        actors.agent,
        input={
            "message": "Sent",
            "distribution": {
                "distributionType": "Channels",
                "channels": [*channels, channels[0]],
                "followers": [str(colleague.pk)],
            },
            "files": [upload],
        },
    )
    assert said["channel_id"] == channels[0]
    assert said["files"] == [{"name": "offer.txt"}]
    rows = Message.objects.order_by("pk")
    assert [str(row.channel_id) for row in rows] == channels
    assert ChannelMember.objects.filter(user=colleague, channel__in=map(int, channels)).count() == 2
    # Kept once, whatever shows it.
    assert Filesystem.objects.count() == 1
    assert {row.file_links.get().file_id for row in rows} == {Filesystem.objects.get().pk}


def test_a_message_needs_a_channel(actors, channel):
    for values in (
        {"message": "Hi"},
        {"message": "Hi", "distribution": {"distributionType": "Channels", "channels": []}},
    ):
        assert list(refused("createMessage", actors.agent, input=values)["validation"]) == [
            "input.channel_id"
        ]
    values = {
        "message": "Hi",
        "distribution": {"distributionType": "Channels", "channels": [channel, "999999"]},
    }
    assert refused("createMessage", actors.agent, input=values) == not_found("input.distribution.channels.1")
    assert Message.objects.count() == 0


def test_a_refused_file_leaves_no_message(actors, channel):
    upload = SimpleUploadedFile("run.exe", b"MZ\x90\x00")
    error = refused(
        "createMessage", actors.agent, input={"channel_id": channel, "message": "Hi", "files": [upload]}
    )
    assert list(error["validation"]) == ["input.files.0"]
    assert Message.objects.count() == 0


def test_only_the_author_or_a_manager_changes_a_message(actors, channel):
    said = say(actors.agent, channel)
    for name, variables in (("updateMessage", {"input": {"message": "X"}}), ("deleteMessage", {})):
        assert refused(name, actors.colleague, id=said["id"], **variables)["code"] == "FORBIDDEN"
        assert refused(name, actors.viewer, id=said["id"], **variables)["code"] == "FORBIDDEN"
    assert do("updateMessage", actors.agent, id=said["id"], input={"message": "Mine"})["message"] == "Mine"
    changed = do("updateMessage", actors.manager, id=said["id"], input={"message_verb": "call"})
    assert (changed["message"], changed["message_verb"]) == ("Mine", "call")
    assert list(
        refused("updateMessage", actors.agent, id=said["id"], input={"message": None})["validation"]
    ) == ["input.message"]
    answer = say(actors.colleague, channel, parent_id=said["id"])
    assert do("deleteMessage", actors.agent, id=said["id"]) is True
    assert Message.objects.get(pk=answer["id"]).parent_id is None
    assert refused("deleteMessage", actors.agent, id=said["id"]) == not_found("id")


def test_system_messages_never_change(lead, channel, actors):
    stage = Stage.objects.filter(pipeline=lead.pipeline).exclude(pk=lead.stage_id)[0]
    update(actors.agent, lead.pk, pipeline_stage_id=str(stage.pk))
    error = Message.objects.get(is_system=True)
    for actor in (actors.agent, actors.admin):
        assert refused("updateMessage", actor, id=error.pk, input={"message": "X"})["code"] == "CONFLICT"
        assert refused("deleteMessage", actor, id=error.pk)["code"] == "CONFLICT"
    shown = data("{ channelMessages { data { is_system message } } }", actor=actors.viewer)
    [row] = shown["channelMessages"]["data"]
    assert row["is_system"]
    assert row["message"]["event"] == "stage_changed"


def test_a_message_keeps_its_lead_from_rotting_and_is_announced_once(
    lead,
    channel,
    actors,
    events,
    django_capture_on_commit_callbacks,
):
    before = Lead.objects.get(pk=lead.pk)
    with django_capture_on_commit_callbacks(execute=True):
        said = say(actors.agent, channel)
    after = Lead.objects.get(pk=lead.pk)
    assert after.last_activity == "MESSAGE"
    assert after.last_activity_at > before.last_activity_at
    # Nobody's form is out of date for that.
    assert after.version == before.version
    assert [(event.kind, event.object_id) for event in events] == [("updated", lead.pk)]
    with django_capture_on_commit_callbacks(execute=True):
        do("updateMessage", actors.agent, id=said["id"], input={"message": "Hello"})
    assert len(events) == 1
    with django_capture_on_commit_callbacks(execute=True):
        do("updateMessage", actors.agent, id=said["id"], input={"message": "Hi"})
        do("deleteMessage", actors.agent, id=said["id"])
    assert len(events) == 3
    assert Lead.objects.get(pk=lead.pk).last_activity_at == after.last_activity_at


def test_messages_of_another_company_do_not_exist(actors, other_actors, channel):
    said = say(actors.agent, channel)
    assert refused("updateMessage", other_actors.admin, id=said["id"], input={"message": "X"}) == not_found(
        "id"
    )
    assert refused("deleteMessage", other_actors.admin, id=said["id"]) == not_found("id")
    assert Message.objects.get().message == "Hello"


def test_messages_are_narrowed(tenant, actors, channel):
    first = say(actors.agent, channel)
    call = say(actors.colleague, channel, message_verb="call", parent_id=first["id"])
    for column, value, found in (
        ("USERS_ID", str(actors.colleague.user_id), [call]),
        ("MESSAGE_VERB", "call", [call]),
        ("PARENT_ID", first["id"], [call]),
        ("ID", first["id"], [first]),
    ):
        keys = listed("channelMessages", "id", actor=actors.viewer, where=where(column, "EQ", value))
        assert keys == [row["id"] for row in found], column


def test_the_files_of_a_message_are_visible_with_it(tenant, lead, actors, channel):
    upload = SimpleUploadedFile("offer.txt", b"What we agreed on.")
    say(actors.agent, channel, files=[upload])
    tenant.company.lead_visibility = LeadVisibility.OWN
    tenant.company.save()
    file = Filesystem.objects.get()
    assert Filesystem.objects.visible_to(actors.manager).filter(pk=file.pk).exists()
    Lead.objects.filter(pk=lead.pk).update(deleted_at=lead.created_at)
    assert not Filesystem.objects.visible_to(actors.manager).filter(pk=file.pk).exists()
