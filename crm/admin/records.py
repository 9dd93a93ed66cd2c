"""The admin pages of tags, files and channels."""

from django.contrib import admin

from crm.actors import Action
from crm.admin.base import VisibleAdmin
from crm.admin.forms import NamedForm
from crm.admin.writing import WritesThroughService
from crm.models import Filesystem, SocialChannel, Tag
from crm.services.tags import delete_tag, save_tag


@admin.register(Tag)
class TagAdmin(WritesThroughService[Tag]):
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
    # Managers only, since a file may belong to a lead that an agent cannot see.
    view_action = Action.CHANGE_LOOKUPS
    list_display = ("name", "type", "size", "created_at")
    search_fields = ("name",)
    ordering = ("-created_at", "pk")
    fields = ("name", "url", "type", "size", "attributes", "created_at")


@admin.register(SocialChannel)
class SocialChannelAdmin(VisibleAdmin[SocialChannel]):
    # Managers only, for the same reason as files.
    view_action = Action.CHANGE_LOOKUPS
    list_display = ("name", "content_type", "object_id", "created_at")
    list_select_related = ("content_type",)
    search_fields = ("name", "slug")
    ordering = ("-created_at", "pk")
    fields = ("name", "slug", "description", "content_type", "object_id", "created_at")
