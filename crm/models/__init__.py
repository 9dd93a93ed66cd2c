"""Models of the shared kernel."""

from crm.models.accounts import User
from crm.models.channels import ChannelMember, SocialChannel
from crm.models.companies import Company, LeadVisibility, Membership
from crm.models.files import FileLink, Filesystem
from crm.models.tags import Tag
from crm.models.tokens import ApiToken

__all__ = [
    "ApiToken",
    "ChannelMember",
    "Company",
    "FileLink",
    "Filesystem",
    "LeadVisibility",
    "Membership",
    "SocialChannel",
    "Tag",
    "User",
]
