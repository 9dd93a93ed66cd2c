"""Create, update and delete channels; their users and visibility."""

from dataclasses import replace

import pytest

from crm.models import ChannelMember, LeadVisibility, Message, SocialChannel
from crm.services.messages import create_message
from leads.services.leads import create_lead, delete_lead, restore_lead
from people.services.people import create_person
from tests.clients import data, refusal
from tests.graphql.leads.conversations import do, not_found, refused
from tests.graphql.lists.asking import listed

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Deal"}, actor=actors.agent)


@pytest.fixture
def channel(lead, actors):
    return do("createSocialChannel", actors.agent, input=on(lead, name="Offer"))


def on(record, kind="LEAD", **values):
    return {"entity_type": kind, "entity_id": str(record.pk), **values}


def test_a_channel_is_created_with_its_creator_as_administrator(lead, actors):
    created = do("createSocialChannel", actors.agent, input=on(lead, name=" Offer ", description="Terms"))

    assert (created["name"], created["description"], created["slug"]) == ("Offer", "Terms", created["uuid"])
    assert (created["entity_namespace"], created["entity_id"]) == ("lead", str(lead.pk))
    assert (created["last_message_id"], created["messages"]) == (None, [])
    assert created["users"] == [{"id": str(actors.agent.user_id)}]
    assert ChannelMember.objects.get(channel=created["id"]).is_admin


def test_people_have_channels_too(actors):
    person = create_person({"firstname": "Jane"}, actor=actors.agent)
    created = do("createSocialChannel", actors.agent, input=on(person, "PEOPLE", name="Jane", slug="jane"))
    assert (created["entity_namespace"], created["slug"]) == ("person", "jane")


@pytest.mark.parametrize(
    ("values", "field"),
    [({"name": "A"}, "input.entity_id"), ({"entity_type": "LEAD", "name": "A"}, "input.entity_id")],
)
def test_a_channel_is_about_a_record(actors, values, field):
    assert list(refused("createSocialChannel", actors.agent, input=values)["validation"]) == [field]
    assert SocialChannel.objects.count() == 0


def test_a_channel_has_a_name_and_a_slug_of_its_own(lead, channel, actors):
    assert list(refused("createSocialChannel", actors.agent, input=on(lead))["validation"]) == ["input.name"]
    for values in (on(lead, name="B", slug=channel["slug"]), on(lead, name="B", slug=str(lead.uuid))):
        assert list(refused("createSocialChannel", actors.agent, input=values)["validation"]) == [
            "input.slug"
        ]
    assert SocialChannel.objects.count() == 2


def test_a_channel_is_changed_but_keeps_its_record(lead, channel, actors):
    changed = do(
        "updateSocialChannel", actors.agent, id=channel["id"], input={"name": "Terms", "slug": "terms"}
    )
    assert (changed["name"], changed["slug"]) == ("Terms", "terms")
    other = create_lead({"title": "Other"}, actor=actors.agent)
    wrong = refused("updateSocialChannel", actors.agent, id=channel["id"], input=on(other))
    assert list(wrong["validation"]) == ["input.entity_id"]
    wrong = refused("updateSocialChannel", actors.agent, id=channel["id"], input={"name": None})
    assert list(wrong["validation"]) == ["input.name"]
    assert do("updateSocialChannel", actors.agent, id=channel["id"], input=on(lead))["name"] == "Terms"


def test_the_default_channel_keeps_its_slug_and_stays(lead, actors):
    key = lead.channels.get().pk
    assert refused("updateSocialChannel", actors.admin, id=key, input={"slug": "mine"})["code"] == "CONFLICT"
    assert refused("deleteSocialChannel", actors.admin, id=key)["code"] == "CONFLICT"
    assert do("updateSocialChannel", actors.agent, id=key, input={"name": "Main"})["slug"] == str(lead.uuid)


def test_a_deleted_channel_is_returned_as_it_was(channel, actors):
    do("createMessage", actors.agent, input={"channel_id": channel["id"], "message": "Hello"})
    gone = do("deleteSocialChannel", actors.agent, id=channel["id"])
    assert [row["message"] for row in gone["messages"]] == ["Hello"]
    assert not SocialChannel.objects.filter(pk=channel["id"]).exists()
    assert Message.objects.count() == 0
    assert refused("deleteSocialChannel", actors.agent, id=channel["id"]) == not_found("id")


def test_members_join_and_leave_channels(channel, actors, tenant):
    colleague = str(tenant.users["colleague"].pk)
    for role in ("Admin", "User"):
        values = {"channel_id": channel["id"], "user_id": colleague, "roles_id": role}
        shown = do("attachUserToSocialChannel", actors.agent, input=values)
        assert {user["id"] for user in shown["users"]} == {str(actors.agent.user_id), colleague}
        member = ChannelMember.objects.get(channel=channel["id"], user=int(colleague))
        assert member.is_admin == (role == "Admin")
    left = do("detachUserToSocialChannel", actors.agent, channel=channel["id"], user=colleague)
    assert [user["id"] for user in left["users"]] == [str(actors.agent.user_id)]
    again = refused("detachUserToSocialChannel", actors.agent, channel=channel["id"], user=colleague)
    assert again == not_found("user_id")


def test_foreign_users_and_channels_do_not_exist(channel, actors, other_actors, other_tenant):
    foreign = str(other_tenant.users["agent"].pk)
    values = {"channel_id": channel["id"], "user_id": foreign}
    assert refused("attachUserToSocialChannel", actors.agent, input=values) == not_found("input.user_id")
    for name, variables, argument in (
        ("updateSocialChannel", {"id": channel["id"], "input": {"name": "Mine"}}, "id"),
        ("deleteSocialChannel", {"id": channel["id"]}, "id"),
        ("detachUserToSocialChannel", {"channel": channel["id"], "user": foreign}, "channel_id"),
        ("attachUserToSocialChannel", {"input": values}, "input.channel_id"),
        ("createMessage", {"input": {"channel_id": channel["id"], "message": "Hi"}}, "input.channel_id"),
    ):
        assert refused(name, other_actors.admin, **variables) == not_found(argument), name
    assert listed("socialChannels", "id", actor=other_actors.admin) == []


def test_viewers_change_nothing(lead, channel, actors):
    assert refused("createSocialChannel", actors.viewer, input=on(lead, name="A"))["code"] == "FORBIDDEN"
    assert refused("deleteSocialChannel", actors.viewer, id=channel["id"])["code"] == "FORBIDDEN"
    assert len(listed("socialChannels", "id", actor=actors.viewer)) == 2


def test_channels_and_messages_are_deleted_and_restored_with_their_lead(lead, channel, actors):
    create_message({"channel_id": channel["id"], "message": "Hello"}, actor=actors.agent)
    delete_lead(lead.pk, actor=actors.agent)
    for field in ("socialChannels", "channelMessages"):
        assert listed(field, "id", actor=actors.admin) == []
    assert refused("deleteSocialChannel", actors.admin, id=channel["id"]) == not_found("id")
    restore_lead(lead.pk, actor=actors.agent)
    assert len(listed("socialChannels", "id", actor=actors.admin)) == 2
    assert len(listed("channelMessages", "id", actor=actors.admin)) == 1


def test_a_hidden_lead_hides_its_channels_and_activities(lead, channel, tenant, actors):
    said = do("createMessage", actors.agent, input={"channel_id": channel["id"], "message": "Hello"})
    note = do("createActivity", actors.agent, input=on(lead, text="Note"))
    tenant.company.lead_visibility = LeadVisibility.OWN
    tenant.company.save()
    stranger = replace(actors.colleague, company_sees_all_leads=False)
    for field in ("socialChannels", "channelMessages", "activities"):
        assert listed(field, "id", actor=stranger) == [], field
        assert listed(field, "id", actor=actors.manager) != [], field
    assert refused("updateMessage", stranger, id=said["id"], input={"message": "X"}) == not_found("id")
    assert refused("updateActivity", stranger, id=note["id"], input={"text": "X"}) == not_found("id")
    values = {"channel_id": channel["id"], "message": "X"}
    assert refused("createMessage", stranger, input=values) == not_found("input.channel_id")
    assert refused("createActivity", stranger, input=on(lead, text="X")) == not_found("input.entity_id")


def test_the_newest_messages_come_first_each_channel_its_own(
    lead, channel, actors, django_assert_num_queries, standard_executor
):
    for number in range(3):
        do("createMessage", actors.agent, input={"channel_id": channel["id"], "message": number})
    other = do("createSocialChannel", actors.agent, input=on(lead, name="Other"))
    do("createMessage", actors.agent, input={"channel_id": other["id"], "message": "Only"})
    query = "{ socialChannels { data { id last_message_id messages(first: 2) { id message } } } }"
    with django_assert_num_queries(2):
        rows = data(query, actor=actors.viewer)["socialChannels"]["data"]
    by_id = {row["id"]: row for row in rows}
    assert [row["message"] for row in by_id[channel["id"]]["messages"]] == [2, 1]
    assert by_id[channel["id"]]["last_message_id"] == by_id[channel["id"]]["messages"][0]["id"]
    assert [row["message"] for row in by_id[other["id"]]["messages"]] == ["Only"]
    with django_assert_num_queries(3):
        data(
            "{ leads(first: 2) { data { channels { messages(first: 5) { id user { id } } } } } }",
            actor=actors.viewer,
        )


@pytest.mark.parametrize("first", [-1, 101])
def test_pages_of_messages_are_bounded(channel, actors, first):
    error = refusal(
        f"{{ socialChannels {{ data {{ messages(first: {first}) {{ id }} }} }} }}", actor=actors.admin
    )
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


def test_messages_of_a_channel_are_listed_by_its_uuid_or_slug(channel, actors):
    do("createMessage", actors.agent, input={"channel_id": channel["id"], "message": "Hello"})
    for argument in ("channel_uuid", "channel_slug"):
        query = f'{{ channelMessages({argument}: "%s") {{ data {{ message }} }} }}'
        found = data(query % channel[argument.removeprefix("channel_")], actor=actors.viewer)
        assert found["channelMessages"]["data"] == [{"message": "Hello"}]
        error = refusal(query % "nothing", actor=actors.viewer)
        assert error["extensions"] == not_found(argument)
