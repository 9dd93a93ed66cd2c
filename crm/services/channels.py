"""Channels of communication about a record."""

from crm.models.channels import ChannelMember, SocialChannel
from crm.models.lifecycle import LiveModel

DEFAULT_CHANNEL = "Default Channel"


def open_default_channel(record: LiveModel, *, creator_id: int | None) -> SocialChannel:
    """Open the channel that each record has from its beginning, with its creator as administrator."""
    channel = SocialChannel.objects.create(
        company_id=record.company_id, name=DEFAULT_CHANNEL, slug=str(record.uuid), entity=record
    )
    if creator_id is not None:
        ChannelMember.objects.create(channel=channel, user_id=creator_id, is_admin=True)
    return channel
