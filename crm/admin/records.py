"""What many records have: tags, files, channels."""

from django.contrib import admin

from crm.actors import Action
from crm.admin.base import VisibleAdmin
from crm.admin.forms import NamedForm
from crm.admin.writing import WritesThroughService
from crm.models import Filesystem, SocialChannel, Tag
from crm.services.tags import delete_tag, save_tag


@admin.register(Tag)
class TagAdmin(WritesThroughService[Tag]):
    """The labels of the company."""

    form = NamedForm[Tag]
    write_action = Action.CHANGE_TAGS
    save_service = staticmethod(save_tag)
    delete_service = staticmethod(delete_tag)
    list_display = ("name", "slug", "weight", "is_feature")
    list_filter = ("is_feature",)
    search_fields = ("name",)
    ordering = ("name", "pk")
    fields = ("name", "slug", "weight", "is_feature")


@admin.register(Filesystem)
class FilesystemAdmin(VisibleAdmin[Filesystem]):
    """Files, to look at; of managers, since a file may belong to a lead that an agent does not see."""

    view_action = Action.CHANGE_LOOKUPS
    list_display = ("name", "type", "size", "created_at")
    search_fields = ("name",)
    ordering = ("-created_at", "pk")
    fields = ("name", "url", "type", "size", "attributes", "created_at")


@admin.register(SocialChannel)
class SocialChannelAdmin(VisibleAdmin[SocialChannel]):
    """Channels, to look at; of managers, for the same reason as files."""

    view_action = Action.CHANGE_LOOKUPS
    list_display = ("name", "content_type", "object_id", "created_at")
    list_select_related = ("content_type",)
    search_fields = ("name", "slug")
    ordering = ("-created_at", "pk")
    fields = ("name", "slug", "description", "content_type", "object_id", "created_at")
