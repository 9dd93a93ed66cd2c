"""The files of a record on its page: added without touching the form, looked at in the dialog, removed."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from crm.actors import Action, Actor
from crm.admin.acting import actor_of
from crm.admin.activity_actions import page_of
from crm.admin.base import acting
from crm.admin.forms import message_of
from crm.admin.frame.fragments import back_to, is_fragment
from crm.admin.lifecycle import LiveAdmin
from crm.errors import CrmError
from crm.models import Filesystem
from crm.models.records import Record
from crm.services.file_types import PREVIEWED, TYPES
from crm.services.files import LARGEST_FILE, removed_on_failure
from crm.services.record_files import detach_files
from crm.services.records import update_record

MOST_SHOWN = 50
#: Files that are added at once; each is a change of its own, so that a refusal leaves the others.
MOST_ADDED = 20


class FilesInPlace(LiveAdmin[Any]):
    """Mixin: a list of files beside the form of a record, with a form for more."""

    def get_urls(self) -> list[URLPattern]:
        named, wrap = f"{self.opts.app_label}_{self.opts.model_name}", self.admin_site.admin_view
        return [
            path("<int:object_id>/files/", wrap(require_POST(self.add_files)), name=f"{named}_files"),
            path(
                "<int:object_id>/files/<uuid:key>/", wrap(require_safe(self.show_file)), name=f"{named}_file"
            ),
            path(
                "<int:object_id>/files/<uuid:key>/remove/",
                wrap(require_POST(self.remove_file)),
                name=f"{named}_remove_file",
            ),
            *super().get_urls(),
        ]

    def _record(self, actor: Actor, key: int) -> Record:
        model: Any = self.model
        record: Record | None = model.objects.visible_to(actor).filter(pk=key).first()
        if record is None:
            raise Http404
        return record

    def add_files(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Attach the sent files one by one; say which were refused, and why."""
        actor = acting(request)
        record = self._record(actor, object_id)
        if not actor.may(Action.CHANGE_FILES):
            raise PermissionDenied
        sent = request.FILES.getlist("files")
        added = 0
        for upload in sent[:MOST_ADDED]:
            try:
                with removed_on_failure():
                    update_record(record.entity_kind, record.pk, {"files": [{"file": upload}]}, actor=actor)
                added += 1
            except (ValidationError, CrmError) as refused:
                words = gettext("“%(file)s” was not added: %(reason)s")
                messages.error(request, words % {"file": upload.name, "reason": message_of(refused)})
        if not sent:
            messages.error(request, gettext("Choose a file first."))
        if len(sent) > MOST_ADDED:
            words = gettext("Only the first %(number)d files were taken: add the others now.")
            messages.warning(request, words % {"number": MOST_ADDED})
        if added:
            words = ngettext("%(number)d file was added.", "%(number)d files were added.", added)
            messages.success(request, words % {"number": added})
        return back_to(request, page_of(record))

    def show_file(self, request: HttpRequest, object_id: int, key: UUID) -> HttpResponse:
        """Show a file, or what it is, in the dialog or on a page of its own."""
        actor = acting(request)
        record = self._record(actor, object_id)
        file = self._file(record, key)
        context = {
            "record": record,
            "file": file,
            "page": page_of(record),
            # Of what is kept elsewhere, nobody looked into the content.
            "preview": reverse("file_preview", args=[file.uuid])
            if file.stored and file.type in PREVIEWED
            else "",
            "is_image": (file.type or "").startswith("image/"),
            "may_remove": actor.may(Action.CHANGE_FILES),
            "remove_url": f"admin:{self.opts.app_label}_{self.opts.model_name}_remove_file",
        }
        if is_fragment(request):
            return TemplateResponse(request, "admin/crm/file.html", context)
        shared = {**self.admin_site.each_context(request), "title": file.name, "opts": self.opts}
        return TemplateResponse(request, "admin/crm/file_page.html", {**shared, **context})

    def _file(self, record: Record, key: UUID) -> Filesystem:
        link = record.file_links.select_related("file__user").filter(file__uuid=key).first()
        if link is None:
            raise Http404
        return link.file

    def remove_file(self, request: HttpRequest, object_id: int, key: UUID) -> HttpResponse:
        """Detach a file from a record."""
        actor = acting(request)
        record = self._record(actor, object_id)
        if not actor.may(Action.CHANGE_FILES):
            raise PermissionDenied
        file = self._file(record, key)
        try:
            detach_files({"file": file.uuid}, record.entity_kind, record.pk, actor=actor)
        except (ValidationError, CrmError) as refused:
            messages.error(request, message_of(refused))
        else:
            messages.success(request, gettext("“%(file)s” was removed.") % {"file": file.name})
        return back_to(request, page_of(record))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        record, actor = kwargs.get("obj"), actor_of(request)
        if record is not None and record.deleted_at is None and actor is not None:
            links = record.file_links.select_related("file").order_by("-pk")[: MOST_SHOWN + 1]
            named = f"admin:{self.opts.app_label}_{self.opts.model_name}"
            context |= {
                "files": [link.file for link in links[:MOST_SHOWN]],
                "files_go_on": len(links) > MOST_SHOWN,
                "may_add_files": actor.may(Action.CHANGE_FILES),
                "files_url": f"{named}_files",
                "file_url": f"{named}_file",
                "accepted_files": ",".join(f".{extension}" for extension in TYPES),
                "largest_file": LARGEST_FILE,
            }
        return super().render_change_form(request, context, *args, **kwargs)
