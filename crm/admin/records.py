"""What many records have: tags, files, channels."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from crm.actors import Action
from crm.admin.base import VisibleAdmin, acting
from crm.admin.forms import NamedForm
from crm.admin.writing import FormSet, WritesThroughService
from crm.models import Filesystem, SocialChannel, Tag
from crm.services.tags import delete_tag, save_tag


@admin.register(Tag)
class TagAdmin(WritesThroughService[Tag]):
    """The labels of the company."""

    form = NamedForm[Tag]
    write_action = Action.CHANGE_TAGS
    list_display = ("name", "slug", "weight", "is_feature")
    list_filter = ("is_feature",)
    search_fields = ("name",)
    ordering = ("name", "pk")
    fields = ("name", "slug", "weight", "is_feature")

    def store(self, request: HttpRequest, form: Any, formsets: Sequence[FormSet]) -> None:
        """Store the tag."""
        save_tag(form.instance, actor=acting(request))

    def remove(self, request: HttpRequest, obj: Tag) -> None:
        """Remove the tag from all that carries it."""
        delete_tag(obj.pk, actor=acting(request))


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
