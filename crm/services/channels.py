"""Channels of communication about a record."""

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.database.inserts import insert_together
from crm.database.new_rows import new_row, relate
from crm.errors import Conflict, ConflictReason, NotFound
from crm.models.accounts import User
from crm.models.channels import ChannelMember, SocialChannel
from crm.models.lifecycle import LiveModel
from crm.models.records import link_columns
from crm.services import locking, saving
from crm.services.records import RecordReference, check_same_record, required_record

DEFAULT_CHANNEL = "Default Channel"


class ChannelValues(RecordReference, total=False):
    name: str | None
    slug: str | None
    description: str | None


def open_default_channel(record: LiveModel, *, creator_id: int | None) -> SocialChannel:
    """Open the default channel of a record, with its creator as administrator."""
    channel, *members = default_channel(record, creator_id=creator_id)
    insert_together([channel, *members])
    return channel


def default_channel(
    record: LiveModel, *, creator_id: int | None
) -> tuple[SocialChannel, *tuple[ChannelMember, ...]]:
    """Return the default channel of a new record and the creator's membership in it, both unsaved."""
    channel = new_row(
        SocialChannel,
        company_id=record.company_id,
        name=DEFAULT_CHANNEL,
        slug=default_slug(record),
        content_type_id=ContentType.objects.get_for_model(record).pk,
        object_id=record.pk,
    )
    relate(channel, "entity", record)
    if creator_id is None:
        return (channel,)
    member = new_row(ChannelMember, channel_id=channel.pk, user_id=creator_id, is_admin=True)
    relate(member, "channel", channel)
    return channel, member


def default_slug(record: LiveModel) -> str:
    return str(record.uuid)


def default_channel_of(record: LiveModel) -> SocialChannel | None:
    """Return the default channel of a record; None if it was never opened."""
    channels = SocialChannel.objects.filter(**link_columns(record), slug=default_slug(record))
    return channels.order_by("pk").first()


def _is_default(channel: SocialChannel) -> bool:
    return channel.entity is not None and channel.slug == str(channel.entity.uuid)


@transaction.atomic
def create_channel(values: ChannelValues, *, actor: Actor) -> SocialChannel:
    """Open a channel about a record, with the actor as its administrator.

    :raises ValidationError: if the name is missing or the slug is taken.
    """
    actor.require(Action.CHANGE_CHANNELS)
    record = required_record(values, actor)
    channel = SocialChannel(**link_columns(record), company_id=actor.company_id)
    # A default that is unique; an input may name another.
    channel.slug = str(channel.uuid)
    _assign(channel, values)
    saving.store(channel, actor=actor)
    if actor.user_id is not None:
        ChannelMember.objects.create(channel=channel, user_id=actor.user_id, is_admin=True)
    return channel


def _assign(channel: SocialChannel, values: ChannelValues) -> None:
    if "name" in values:
        channel.name = values["name"] or ""
    if "description" in values:
        channel.description = values["description"] or None
    slug = values.get("slug")
    if slug is None or slug == channel.slug:
        return
    # Channels are found by their slug.
    taken = SocialChannel.objects.filter(company_id=channel.company_id, slug=slug).exclude(pk=channel.pk)
    if taken.exists():
        raise ValidationError({"slug": ["Another channel has this slug."]})
    channel.slug = slug


@transaction.atomic
def update_channel(key: object, values: ChannelValues, *, actor: Actor) -> SocialChannel:
    """Change the name, slug and description of a channel.

    :raises Conflict: if the default channel is to have another slug.
    """
    actor.require(Action.CHANGE_CHANNELS)
    channel = locking.lock(SocialChannel, actor, key)
    saving.refuse_null(values, ["name", "slug"])
    check_same_record(channel, values, actor)
    if values.get("slug") not in (None, channel.slug) and _is_default(channel):
        raise Conflict(ConflictReason.IN_USE, "A default channel keeps its slug.")
    _assign(channel, values)
    saving.store(channel, actor=actor)
    return channel


@transaction.atomic
def delete_channel(key: object, *, actor: Actor) -> None:
    """Delete a channel and its messages.

    :raises Conflict: if it is the default one of its record.
    """
    actor.require(Action.CHANGE_CHANNELS)
    channel = locking.lock(SocialChannel, actor, key)
    if _is_default(channel):
        raise Conflict(ConflictReason.IN_USE, "The default channel of a record cannot be deleted.")
    channel.delete()


@transaction.atomic
def attach_user(
    channel_key: object, user_key: object, *, is_admin: bool = False, actor: Actor
) -> SocialChannel:
    """Add a member to a channel, or change the role of one who is in it."""
    actor.require(Action.CHANGE_CHANNELS)
    channel = locking.lock(SocialChannel, actor, channel_key, argument="channel_id")
    user = User.objects.find(actor, user_key, argument="user_id")
    ChannelMember.objects.update_or_create(channel=channel, user=user, defaults={"is_admin": is_admin})
    return channel


@transaction.atomic
def detach_user(channel_key: object, user_key: object, *, actor: Actor) -> SocialChannel:
    """Remove a member from a channel."""
    actor.require(Action.CHANGE_CHANNELS)
    channel = locking.lock(SocialChannel, actor, channel_key, argument="channel_id")
    user = User.objects.find(actor, user_key, argument="user_id")
    removed, _by_model = ChannelMember.objects.filter(channel=channel, user=user).delete()
    if not removed:
        raise NotFound("user_id")
    return channel
