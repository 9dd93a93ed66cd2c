"""Messages in the channels of records. Only authors and managers change one; those of the system stay."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Conflict, ConflictReason, Forbidden
from crm.models.accounts import User
from crm.models.channels import ChannelMember, SocialChannel
from crm.models.custom_fields import NOT_STORABLE, is_storable
from crm.models.lifecycle import LiveModel
from crm.models.messages import Message
from crm.services import file_links, locking, saving
from crm.services.channels import default_channel_of, open_default_channel
from crm.services.files import store_files
from crm.services.history import Changes
from crm.signals import record_discussed

LONGEST_MESSAGE = 100_000
MOST_CHANNELS = 100
VERB = "comment"


class Distribution(TypedDict, total=False):
    """The channels of a message, and members to add to each of them."""

    channels: list[object]
    followers: list[object] | None


class MessageValues(TypedDict, total=False):
    message: object
    channel_id: object
    distribution: Distribution | None
    parent_id: object
    message_verb: str | None
    slug: str | None
    files: list[File[bytes]] | None


@dataclass(frozen=True, kw_only=True)
class Notice:
    """An event in the life of a record, as a sentence for people and as data for programs."""

    text: str
    event: str
    detail: Mapping[str, object] = field(default_factory=dict)


def notices_of(changes: Changes, names: Sequence[str]) -> list[Notice]:
    """Describe the changed relations of a record, such as "Stage: New -> Proposal"."""
    changed = [(name, *changes[name]) for name in names if name in changes]
    return [
        Notice(
            text=f"{name.capitalize()}: {_named(old)} -> {_named(new)}",
            event=f"{name}_changed",
            detail={"old": old, "new": new},
        )
        for name, old, new in changed
    ]


def _named(value: Mapping[str, object] | None) -> str:
    return "none" if value is None else str(value["name"])


def system_message(record: LiveModel, notices: Sequence[Notice], *, actor: Actor) -> None:
    """Post notices in the default channel of a record, in one statement."""
    if notices:
        channel = default_channel_of(record)
        Message.objects.bulk_create(system_messages(record, channel, notices, actor=actor))


def system_messages(
    record: LiveModel, channel: SocialChannel | None, notices: Sequence[Notice], *, actor: Actor
) -> list[Message]:
    """Return unsaved messages that post notices about a record.

    :param channel: the record's default channel; None opens it.
    """
    if channel is None and notices:
        channel = open_default_channel(record, creator_id=None)
    return [
        Message(
            company_id=record.company_id,
            channel=channel,
            user_id=actor.user_id,
            message={"text": notice.text, "event": notice.event, **notice.detail},
            message_verb="system",
            is_system=True,
            door=actor.door.value,
        )
        for notice in notices
    ]


@transaction.atomic
def create_message(values: MessageValues, *, actor: Actor) -> Message:
    """Post a message in one or several channels; return the first one.

    :raises ValidationError: if nothing is said, nowhere, or a file is refused.
    """
    actor.require(Action.CHANGE_CHANNELS)
    channels = _channels(values, actor)
    parent = _parent(values, channels, actor)
    _seat_followers(values, channels, actor)
    rows = store_files(values.get("files") or [], actor=actor) if values.get("files") else []
    messages = []
    for channel in channels:
        message = Message(
            company_id=actor.company_id,
            user_id=actor.user_id,
            channel=channel,
            parent=parent if parent is not None and parent.channel_id == channel.pk else None,
            message=_checked(values.get("message")),
            message_verb=values.get("message_verb") or VERB,
            slug=values.get("slug") or None,
            door=actor.door.value,
        )
        saving.store(message, actor=actor)
        file_links.change_links(message, {"files": [{"row": row} for row in rows]}, actor=actor)
        messages.append(message)
    records = {(channel.content_type_id, channel.object_id): channel for channel in channels}
    # In one order, whoever locks them.
    for _key, channel in sorted(records.items()):
        _notify(channel, "MESSAGE", actor)
    return messages[0]


def _channels(values: MessageValues, actor: Actor) -> list[SocialChannel]:
    named: dict[str, object] = {}
    if values.get("channel_id") is not None:
        named["channel_id"] = values["channel_id"]
    for index, key in enumerate((values.get("distribution") or {}).get("channels") or []):
        named[f"distribution.channels.{index}"] = key
    if not named:
        raise ValidationError({"channel_id": ["Give channel_id or distribution.channels."]})
    if len(named) > MOST_CHANNELS:
        raise ValidationError({"distribution.channels": [f"Give at most {MOST_CHANNELS} channels."]})
    visible = SocialChannel.objects.select_related("content_type")
    found = [visible.find(actor, key, argument=path) for path, key in named.items()]
    return list(dict.fromkeys(found))


def _parent(values: MessageValues, channels: Sequence[SocialChannel], actor: Actor) -> Message | None:
    key = values.get("parent_id")
    if saving.is_none_given(key):
        return None
    parent: Message = Message.objects.find(actor, key, argument="parent_id")
    if parent.channel_id not in {channel.pk for channel in channels}:
        raise ValidationError(
            {"parent_id": ["An answer must be in the channel of the message that it answers."]}
        )
    return parent


def _seat_followers(values: MessageValues, channels: Sequence[SocialChannel], actor: Actor) -> None:
    keys = (values.get("distribution") or {}).get("followers") or []
    users = [
        User.objects.find(actor, key, argument=f"distribution.followers.{index}")
        for index, key in enumerate(keys)
    ]
    ChannelMember.objects.bulk_create(
        [ChannelMember(channel=channel, user=user) for channel in channels for user in users],
        ignore_conflicts=True,  # Members who are in the channel already stay as they are.
    )


def _checked(message: object) -> object:
    if message is None or not is_storable(message):
        raise ValidationError({"message": [NOT_STORABLE]})
    if len(json.dumps(message, ensure_ascii=False)) > LONGEST_MESSAGE:
        raise ValidationError({"message": [f"Enter at most {LONGEST_MESSAGE} characters."]})
    return message


def _notify(channel: SocialChannel, activity: str | None, actor: Actor) -> None:
    record = locking.lock_record_of(channel, actor)
    record_discussed.send(sender=type(record), record=record, activity=activity, actor=actor)


def _lock_own(key: object, actor: Actor) -> Message:
    message = locking.lock(Message, actor, key)
    if message.is_system:
        raise Conflict(ConflictReason.IN_USE, "A system message cannot be changed.")
    if message.user_id != actor.user_id and not actor.may(Action.MODERATE):
        raise Forbidden
    return message


@transaction.atomic
def update_message(key: object, values: MessageValues, *, actor: Actor) -> Message:
    """Change a message."""
    actor.require(Action.CHANGE_CHANNELS)
    message = _lock_own(key, actor)
    before = locking.column_values(message)
    saving.refuse_null(values, ["message", "message_verb"])
    if "message" in values:
        message.message = _checked(values["message"])
    if "message_verb" in values:
        message.message_verb = values["message_verb"] or VERB
    if saving.store(message, actor=actor, before=before).changed:
        _notify(message.channel, None, actor)
    return message


@transaction.atomic
def delete_message(key: object, *, actor: Actor) -> None:
    """Delete a message; answers to it stay."""
    actor.require(Action.CHANGE_CHANNELS)
    message = _lock_own(key, actor)
    channel = message.channel
    message.delete()
    _notify(channel, None, actor)
