"""Channels of records and the messages in them."""

import graphene
from django.db.models import QuerySet
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action, Actor
from crm.errors import NotFound
from crm.graphql.conversation_types import Message, SocialChannel
from crm.graphql.core.arguments import Values, choice_enum
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.mutations import create_mutation, delete_mutation, update_mutation
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.core.scalars import Mixed
from crm.graphql.core.single import read_one
from crm.graphql.core.upload import Upload
from crm.graphql.inputs import EntityType
from crm.graphql.lists.columns import DateTimeColumn, IdColumn, ListFilterSet, TextColumn, UuidColumn
from crm.graphql.lists.paginator import list_field
from crm.services import channels, messages

PERMISSION = Action.CHANGE_CHANNELS
UsersRolesChannel = choice_enum("UsersRolesChannel", ("Admin", "User"))
DistributionType = choice_enum("DistributionType", ["Channels"])


class SocialChannelInput(graphene.InputObjectType):
    name = graphene.String()
    slug = graphene.String()
    description = graphene.String()
    entity_type = EntityType()
    entity_id = graphene.ID()


class AttachUserInput(graphene.InputObjectType):
    channel_id = graphene.ID(required=True)
    user_id = graphene.ID(required=True)
    # A role's name in spite of the field's name, which the contract fixes.
    roles_id = UsersRolesChannel(required=True, default_value=UsersRolesChannel.User)


class DistributionInput(graphene.InputObjectType):
    distributionType = DistributionType(required=True)  # noqa: N815 - the API's name
    channels = graphene.List(graphene.NonNull(graphene.ID), required=True)
    followers = graphene.List(graphene.NonNull(graphene.ID))


class MessageInput(graphene.InputObjectType):
    message = Mixed(required=True)
    # Required unless there is a distribution, which GraphQL cannot express; the service checks it.
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
    row_model = models.SocialChannel
    order_columns = {name: name for name in ("id", "created_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    name = TextColumn("name")
    slug = TextColumn("slug")
    description = TextColumn("description")
    # The kind of record, by the model's name in its content type.
    entity_namespace = TextColumn("content_type__model")
    entity_id = IdColumn("object_id")


class ChannelMessageFilterSet(ListFilterSet):
    row_model = models.Message
    order_columns = {name: name for name in ("id", "created_at", "updated_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    parent_id = IdColumn("parent_id")
    users_id = IdColumn("user_id")
    message_verb = TextColumn("message_verb")
    created_at = DateTimeColumn("created_at")


def _messages_of(
    actor: Actor, *, channel_uuid: str | None = None, channel_slug: str | None = None
) -> QuerySet[models.Message]:
    """Return the messages of the named channel, or of all channels that the actor sees."""
    rows = models.Message.objects.visible_to(actor)
    if channel_uuid is not None:
        rows = rows.filter(
            channel=models.SocialChannel.objects.find(actor, channel_uuid, argument="channel_uuid")
        )
    if channel_slug is not None:
        # Slugs are not unique: the oldest channel with the slug counts.
        channel = (
            models.SocialChannel.objects.visible_to(actor).filter(slug=channel_slug).order_by("pk").first()
        )
        if channel is None:
            raise NotFound("channel_slug")
        rows = rows.filter(channel=channel)
    return rows


class ChannelQuery(graphene.ObjectType):
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
    create_social_channel = create_mutation(
        SocialChannel, channels.create_channel, SocialChannelInput, permission=PERMISSION
    )
    update_social_channel = update_mutation(
        SocialChannel, channels.update_channel, SocialChannelInput, permission=PERMISSION
    )
    # Unlike other deletions, this one returns the row in the contract.
    delete_social_channel = MutationField(SocialChannel, permission=PERMISSION, id=graphene.ID(required=True))
    attach_user_to_social_channel = MutationField(
        SocialChannel,
        permission=PERMISSION,
        prefix="input",
        input=graphene.Argument(AttachUserInput, required=True),
    )
    detach_user_to_social_channel = MutationField(
        SocialChannel,
        permission=PERMISSION,
        channel_id=graphene.ID(required=True),
        user_id=graphene.ID(required=True),
    )
    create_message = create_mutation(Message, messages.create_message, MessageInput, permission=PERMISSION)
    update_message = update_mutation(
        Message, messages.update_message, MessageUpdateInput, permission=PERMISSION
    )
    delete_message = delete_mutation(messages.delete_message, permission=PERMISSION)

    @staticmethod
    def resolve_delete_social_channel(_root: object, info: GraphQLResolveInfo, *, id: str) -> object:
        # The deleted channel is the result, so what the selection needs is read first.
        channel = read_one(info, SocialChannel, id)
        channels.delete_channel(channel.pk, actor=actor_of(info))
        return channel

    @staticmethod
    def resolve_attach_user_to_social_channel(
        _root: object, info: GraphQLResolveInfo, *, input: Values
    ) -> object:
        channel = channels.attach_user(
            input["channel_id"],
            input["user_id"],
            is_admin=input["roles_id"] == "Admin",
            actor=actor_of(info),
        )
        return refetch(info, SocialChannel, channel)

    @staticmethod
    def resolve_detach_user_to_social_channel(
        _root: object, info: GraphQLResolveInfo, *, channel_id: str, user_id: str
    ) -> object:
        return refetch(info, SocialChannel, channels.detach_user(channel_id, user_id, actor=actor_of(info)))
