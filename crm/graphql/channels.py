"""Channels of records and the messages in them."""

from typing import Any

import graphene
from django.db.models import QuerySet
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action, Actor
from crm.errors import NotFound
from crm.graphql.conversation_types import Message, SocialChannel
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.core.scalars import Mixed
from crm.graphql.core.single import read_one
from crm.graphql.core.upload import Upload
from crm.graphql.inputs import EntityType
from crm.graphql.lists.columns import DateTimeColumn, IdColumn, ListFilterSet, TextColumn, UuidColumn
from crm.graphql.lists.paginator import list_field
from crm.services import channels, messages

MAY = Action.CHANGE_CHANNELS
UsersRolesChannel = graphene.Enum("UsersRolesChannel", [(name, name) for name in ("Admin", "User")])
DistributionType = graphene.Enum("DistributionType", [("Channels", "Channels")])


class SocialChannelInput(graphene.InputObjectType):
    name = graphene.String()
    slug = graphene.String()
    description = graphene.String()
    entity_type = EntityType()
    entity_id = graphene.ID()


class AttachUserInput(graphene.InputObjectType):
    channel_id = graphene.ID(required=True)
    user_id = graphene.ID(required=True)
    roles_id = UsersRolesChannel(required=True, default_value=UsersRolesChannel.User)


class DistributionInput(graphene.InputObjectType):
    distributionType = DistributionType(required=True)  # noqa: N815 - the name of the wire
    channels = graphene.List(graphene.NonNull(graphene.ID), required=True)
    followers = graphene.List(graphene.NonNull(graphene.ID))


class MessageInput(graphene.InputObjectType):
    message = Mixed(required=True)
    channel_id = graphene.ID()
    distribution = DistributionInput()
    parent_id = graphene.ID()
    message_verb = graphene.String(default_value="comment")
    slug = graphene.String()
    files = graphene.List(graphene.NonNull(Upload))


class MessageUpdateInput(graphene.InputObjectType):
    message = Mixed()
    message_verb = graphene.String()


class SocialChannelFilterSet(ListFilterSet):
    order_columns = {name: name for name in ("id", "created_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    name = TextColumn("name")
    slug = TextColumn("slug")
    description = TextColumn("description")
    entity_namespace = TextColumn("content_type__model")
    entity_id = IdColumn("object_id")

    class Meta:
        model = models.SocialChannel
        fields: list[str] = []


class ChannelMessageFilterSet(ListFilterSet):
    order_columns = {name: name for name in ("id", "created_at", "updated_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    parent_id = IdColumn("parent_id")
    users_id = IdColumn("user_id")
    message_verb = TextColumn("message_verb")
    created_at = DateTimeColumn("created_at")

    class Meta:
        model = models.Message
        fields: list[str] = []


def _messages_of(
    actor: Actor, *, channel_uuid: str | None = None, channel_slug: str | None = None
) -> QuerySet[models.Message]:
    """Give the messages of the channel that is named, or of all that the actor sees."""
    rows = models.Message.objects.visible_to(actor)
    if channel_uuid is not None:
        rows = rows.filter(
            channel=models.SocialChannel.objects.find(actor, channel_uuid, argument="channel_uuid")
        )
    if channel_slug is not None:
        channel = (
            models.SocialChannel.objects.visible_to(actor).filter(slug=channel_slug).order_by("pk").first()
        )
        if channel is None:
            raise NotFound("channel_slug")
        rows = rows.filter(channel=channel)
    return rows


class ChannelQuery(graphene.ObjectType):
    """What can be asked of channels."""

    social_channels = list_field("socialChannels", SocialChannel, SocialChannelFilterSet)
    channel_messages = list_field(
        "channelMessages",
        Message,
        ChannelMessageFilterSet,
        source=_messages_of,
        channel_uuid=graphene.String(),
        channel_slug=graphene.String(),
    )


class ChannelMutation(graphene.ObjectType):
    """What can be done in channels."""

    create_social_channel = MutationField(
        SocialChannel,
        name="createSocialChannel",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(SocialChannelInput, required=True),
    )
    update_social_channel = MutationField(
        SocialChannel,
        name="updateSocialChannel",
        permission=MAY,
        prefix="input",
        id=graphene.ID(required=True),
        input=graphene.Argument(SocialChannelInput, required=True),
    )
    delete_social_channel = MutationField(
        SocialChannel, name="deleteSocialChannel", permission=MAY, id=graphene.ID(required=True)
    )
    attach_user_to_social_channel = MutationField(
        SocialChannel,
        name="attachUserToSocialChannel",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(AttachUserInput, required=True),
    )
    detach_user_to_social_channel = MutationField(
        SocialChannel,
        name="detachUserToSocialChannel",
        permission=MAY,
        channel_id=graphene.ID(required=True),
        user_id=graphene.ID(required=True),
    )
    create_message = MutationField(
        Message,
        name="createMessage",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(MessageInput, required=True),
    )
    update_message = MutationField(
        Message,
        name="updateMessage",
        permission=MAY,
        prefix="input",
        id=graphene.ID(required=True),
        input=graphene.Argument(MessageUpdateInput, required=True),
    )
    delete_message = MutationField(
        graphene.Boolean, name="deleteMessage", permission=MAY, id=graphene.ID(required=True)
    )

    @staticmethod
    def resolve_create_social_channel(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        return refetch(info, SocialChannel, channels.create_channel(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_social_channel(_root: Any, info: GraphQLResolveInfo, *, id: str, input: Any) -> Any:
        return refetch(info, SocialChannel, channels.update_channel(id, input, actor=actor_of(info)))

    @staticmethod
    def resolve_delete_social_channel(_root: Any, info: GraphQLResolveInfo, *, id: str) -> Any:
        # Read before it is gone.
        channel = read_one(info, SocialChannel, id)
        channels.delete_channel(channel.pk, actor=actor_of(info))
        return channel

    @staticmethod
    def resolve_attach_user_to_social_channel(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        channel = channels.attach_user(
            input["channel_id"],
            input["user_id"],
            is_admin=input["roles_id"] == "Admin",
            actor=actor_of(info),
        )
        return refetch(info, SocialChannel, channel)

    @staticmethod
    def resolve_detach_user_to_social_channel(
        _root: Any, info: GraphQLResolveInfo, *, channel_id: str, user_id: str
    ) -> Any:
        return refetch(info, SocialChannel, channels.detach_user(channel_id, user_id, actor=actor_of(info)))

    @staticmethod
    def resolve_create_message(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        return refetch(info, Message, messages.create_message(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_message(_root: Any, info: GraphQLResolveInfo, *, id: str, input: Any) -> Any:
        return refetch(info, Message, messages.update_message(id, input, actor=actor_of(info)))

    @staticmethod
    def resolve_delete_message(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        messages.delete_message(id, actor=actor_of(info))
        return True
