"""The admin action that merges records, and the page that undoes merges."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Case, OuterRef, QuerySet, Subquery, When
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.base import acting, visible_rows
from crm.admin.forms import message_of
from crm.admin.labels import label_of
from crm.admin.lifecycle import LiveAdmin
from crm.admin.writing import WritesThroughService
from crm.errors import CrmError
from crm.models.custom_fields import EntityKind
from people.models import Merge, Organization, Person
from people.services.merge_preview import preview_merge
from people.services.merging import MOST_MERGED, merge
from people.services.unmerging import undo_merge


class MergesRecords(LiveAdmin[Any]):
    """Mixin: adds an action that merges the selected rows."""

    actions: Sequence[str] = (*LiveAdmin.actions, "merge_selected")

    def get_actions(self, request: HttpRequest) -> Any:
        offered = super().get_actions(request)
        if self._lists_deleted(request):
            offered.pop("merge_selected", None)
        return offered

    @admin.action(permissions=["change"], description=_("Merge selected %(verbose_name_plural)s"))
    def merge_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> TemplateResponse | None:
        """Preview a merge into the chosen winner; merge once the preview is confirmed."""
        # One more than allowed, so that too many are noticed without reading all.
        rows = list(queryset.order_by("pk")[: MOST_MERGED + 2])
        if not 2 <= len(rows) <= MOST_MERGED + 1:
            self.message_user(
                request,
                gettext("Choose 2 to %(most_merged)s to merge.") % {"most_merged": MOST_MERGED + 1},
                messages.ERROR,
            )
            return None
        winner = next((row for row in rows if str(row.pk) == request.POST.get("winner")), rows[0])
        others = [row.pk for row in rows if row is not winner]
        try:
            # The preview posts this; the action alone only shows it.
            if request.POST.get("post"):
                merge(self.model, winner.pk, others, actor=acting(request))
                said = gettext("Merged %(count)s into %(winner)s. It can be undone under Merges.") % {
                    "count": len(others),
                    "winner": winner,
                }
                self.message_user(request, said, messages.SUCCESS)
                return None
            plan = preview_merge(self.model, winner.pk, others, actor=acting(request))
        except (ValidationError, CrmError) as refused:
            self.message_user(request, message_of(refused), messages.ERROR)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Merge %(verbose_name_plural)s")
            % {"verbose_name_plural": self.opts.verbose_name_plural},
            "opts": self.opts,
            "rows": [winner, *plan.losers],
            "winner": winner,
            "plan": plan,
            "fields": [(label_of(self.model, each.field), each) for each in plan.fields],
            "moves": [(gettext(each.label), each) for each in plan.moves],
        }
        return TemplateResponse(request, "admin/people/merge.html", context)


@admin.register(Merge)
class MergeAdmin(WritesThroughService[Merge]):
    write_action = Action.CHANGE_LOOKUPS
    may_add = may_change = may_delete = False
    list_display = ("created_at", "model", "winner", "number", "user", "undone_at", "undone_by")
    list_filter = ("model", "created_at")
    list_select_related = ("user", "undone_by")
    search_fields = ("uuid",)
    ordering = ("-created_at", "pk")
    fields = ("created_at", "model", "winner_id", "losers", "user", "door", "undone_at", "undone_by")
    actions: Sequence[str] = ("undo_selected",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Merge]:
        """Annotate each merge with the name of its winner."""
        people = visible_rows(Person, request).filter(pk=OuterRef("winner_id")).values("name")
        organizations = visible_rows(Organization, request).filter(pk=OuterRef("winner_id")).values("name")
        name = Case(When(model=EntityKind.PEOPLE, then=Subquery(people)), default=Subquery(organizations))
        return super().get_queryset(request).annotate(winner_name=name)

    def heading_of(self, row: Merge) -> str:
        return gettext("Merge %(uuid)s") % {"uuid": row.uuid}

    @admin.display(description=_("merged into"))
    def winner(self, row: Any) -> str:
        # A deleted record has no visible name.
        return row.winner_name or str(row.winner_id)

    @admin.display(description=_("merged records"))
    def number(self, row: Merge) -> int:
        return len(row.losers)

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
