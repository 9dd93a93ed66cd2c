"""The list of merges, and the page of each, where it is undone."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from crm.actors import Action, Actor
from crm.admin.base import acting
from crm.admin.forms import message_of
from crm.admin.frame.fragments import back_to
from crm.admin.record_pages import page_of
from crm.admin.writing import WritesThroughService
from crm.errors import CrmError
from crm.models.custom_fields import EntityKind
from people.models import Merge, Organization, Person
from people.services.unmerging import undo_merge

MODELS: dict[str, Any] = {EntityKind.PEOPLE: Person, EntityKind.ORGANIZATION: Organization}


def attach_records(merges: Iterable[Merge], actor: Actor) -> None:
    """Set on merges the records that they are about, by one statement for each kind; deleted ones too."""
    merges = list(merges)
    for kind, model in MODELS.items():
        of_kind = [merge for merge in merges if merge.model == kind]
        keys = {key for merge in of_kind for key in (merge.winner_id, *merge.losers)}
        found = model.objects.with_deleted_for(actor).in_bulk(keys) if keys else {}
        for merge in of_kind:
            vars(merge)["kept"] = found.get(merge.winner_id)
            vars(merge)["merged"] = [found.get(key) for key in merge.losers]


def _name(record: Any) -> str:
    # One that was erased has no name any more.
    return str(record) if record is not None else gettext("(erased)")


def sentence_of(merge: Any) -> str:
    """Return what a merge did, by the names of its records."""
    return gettext("%(merged)s was merged into %(kept)s") % {
        "merged": ", ".join(map(_name, merge.merged)),
        "kept": _name(merge.kept),
    }


class MergeList(ChangeList):
    """The list of merges with the names of their records."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list: Any = list(self.result_list)
        attach_records(self.result_list, acting(request))


@admin.register(Merge)
class MergeAdmin(WritesThroughService[Merge]):
    write_action = Action.CHANGE_LOOKUPS
    change_list_template = "admin/people/merges.html"
    change_form_template = "admin/people/merge_page.html"
    may_add = may_change = may_delete = False
    list_display = ("told", "created_at", "user", "undone_at", "undone_by")
    list_filter = ("model", "created_at")
    list_select_related = ("user", "undone_by")
    search_fields = ("uuid",)
    ordering = ("-created_at", "pk")
    fields = ("stays", "gone", "created_at", "user", "undone_at", "undone_by")
    readonly_fields = fields
    actions: Sequence[str] = ("undo_selected",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return MergeList

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.undo_page))
        return [path("<int:object_id>/undo/", view, name="people_merge_undo"), *super().get_urls()]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Merge | None:
        found = super().get_object(request, object_id, from_field)
        attach_records([found] if found is not None else [], acting(request))
        return found

    def undo_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Undo a merge, and lead back to where that was asked for, else to the page of the merge."""
        merge = self.get_object(request, str(object_id))
        if merge is None:
            raise Http404
        if not self.has_write_permission(request):
            raise PermissionDenied
        try:
            undo_merge(merge.pk, actor=acting(request))
        except (ValidationError, CrmError) as refused:
            messages.error(request, message_of(refused))
        else:
            messages.success(request, gettext("Undone: the merged records are back."))
        return back_to(request, page_of(merge))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        merge = kwargs.get("obj")
        if merge is not None and merge.undone_at is None and self.has_write_permission(request):
            context["undo_address"] = reverse("admin:people_merge_undo", args=[merge.pk])
        return super().render_change_form(request, context, *args, **kwargs)

    def heading_of(self, row: Merge) -> str:
        return sentence_of(row)

    @admin.display(description=_("merge"))
    def told(self, merge: Merge) -> str:
        return sentence_of(merge)

    @admin.display(description=_("What stays"))
    def stays(self, merge: Any) -> SafeString | str:
        if merge.kept is None or merge.kept.deleted_at is not None:
            return _name(merge.kept)
        return format_html('<a href="{}">{}</a>', page_of(merge.kept), merge.kept)

    @admin.display(description=_("What was merged into it"))
    def gone(self, merge: Any) -> SafeString:
        names = ((_name(record), key) for record, key in zip(merge.merged, merge.losers, strict=True))
        return format_html_join(", ", "{} (no. {})", names)

    @admin.action(permissions=["write"], description=_("Undo selected merges"))
    def undo_selected(self, request: HttpRequest, queryset: QuerySet[Merge]) -> None:
        # The latest first, since a later merge blocks an earlier one.
        actor = acting(request)
        self.for_each(
            request,
            queryset.order_by("-pk"),
            lambda row: undo_merge(row.pk, actor=actor),
            done=gettext("Undid %(rows)s."),
        )
