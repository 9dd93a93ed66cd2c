"""The admin action that compares records and merges them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from crm.actors import Action, Actor
from crm.admin.base import acting
from crm.admin.forms import message_of
from crm.admin.frame.fragments import message_with_undo
from crm.admin.labels import label_of
from crm.admin.lifecycle import LiveAdmin
from crm.admin.record_pages import page_of
from crm.errors import CrmError
from people.models import Contact, Merge, Organization, Person
from people.services.merge_preview import preview_merge
from people.services.merging import MOST_MERGED, merge


class MergesRecords(LiveAdmin[Any]):
    """Mixin: adds an action that merges the selected rows."""

    actions: Sequence[str] = (*LiveAdmin.actions, "merge_selected")

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_compare"
        view = self.admin_site.admin_view(require_GET(self.compare))
        return [path("<int:object_id>/compare/<int:other_id>/", view, name=name), *super().get_urls()]

    def compare(self, request: HttpRequest, object_id: int, other_id: int) -> HttpResponse:
        """Show a record beside one that may be the same, and what merging them would do."""
        model: Any = self.model
        rows = model.objects.visible_to(acting(request)).filter(pk__in=(object_id, other_id))
        if rows.count() != 2:
            raise Http404
        if not self.has_change_permission(request):
            raise PermissionDenied
        return self.merge_selected(request, rows) or redirect(page_of(rows.get(pk=object_id)))

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
                kept, merged = merge(self.model, winner.pk, others, actor=acting(request))
                self._tell(request, kept, merged)
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
            "fields": [
                (
                    label_of(self.model, each.field),
                    [words_of(each.winner), *map(words_of, each.duplicates)],
                    words_of(each.outcome),
                )
                for each in plan.fields
                # What all of them lack tells nothing.
                if any(value not in (None, "") for value in (each.winner, *each.duplicates))
            ],
            "belonging": belonging_to([winner, *plan.losers], acting(request)),
            "list_address": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            "moves": [(gettext(each.label), each) for each in plan.moves],
        }
        return TemplateResponse(request, "admin/people/merge.html", context)

    def _tell(self, request: HttpRequest, kept: Any, merged: Merge) -> None:
        link = format_html('<a href="{}">{}</a>', page_of(kept), kept)
        count = len(merged.losers)
        if acting(request).may(Action.CHANGE_LOOKUPS):
            said = format_html(gettext("Merged {count} into {winner}."), count=count, winner=link)
            undo = reverse("admin:people_merge_undo", args=[merged.pk])
            message_with_undo(request, said, undo, {"next": request.get_full_path()})
            return
        merges = reverse("admin:people_merge_changelist")
        said = format_html(
            gettext(
                'Merged {count} into {winner}. A manager can undo it under <a href="{merges}">Merges</a>.'
            ),
            count=count,
            winner=link,
            merges=merges,
        )
        self.message_user(request, said, messages.SUCCESS)


def words_of(value: object) -> str:
    """Return a value of a record as people read it."""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    return "" if value is None else str(value)


def belonging_to(records: Sequence[Any], actor: Actor) -> list[tuple[str, list[list[str]], list[str]]]:
    """Return by what else people are told apart: the phone numbers and organizations of each, and of all."""
    if not isinstance(records[0], Person):
        return []
    keys = [record.pk for record in records]
    phones: dict[int, list[str]] = {key: [] for key in keys}
    organizations: dict[int, list[str]] = {key: [] for key in keys}
    contacts = Contact.objects.visible_to(actor).filter(person__in=keys).select_related("type")
    for contact in contacts.order_by("weight", "pk"):
        if contact.type.is_phone:
            phones[contact.person_id].append(contact.value)
    known = Organization.objects.visible_to(actor).filter(people__in=keys).order_by("name", "pk")
    for person, name in known.values_list("people", "name"):
        if person in organizations:
            organizations[person].append(name)
    shown = ((gettext("Phone"), phones), (gettext("Organization"), organizations))
    return [
        (label, [held[key] for key in keys], [*dict.fromkeys(each for key in keys for each in held[key])])
        for label, held in shown
        if any(held.values())
    ]
