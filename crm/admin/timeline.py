"""The timeline of a record below its form, with a form for a new activity."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from django_stubs_ext import StrOrPromise, StrPromise

from crm.actors import Action, Actor
from crm.admin.acting import actor_of, zone_of
from crm.admin.activity_actions import page_of
from crm.admin.activity_forms import ShortActivityForm
from crm.admin.base import acting
from crm.admin.dates import is_day_alone
from crm.admin.frame.fragments import back_to, is_fragment
from crm.admin.further import further_of
from crm.admin.lifecycle import LiveAdmin
from crm.admin.stale.gone import Typed
from crm.admin.timeline_words import lines_of, text_of, title_of, who_of
from crm.database.keys import parse_id
from crm.dates import start_of
from crm.models import ActivityKind
from crm.models.records import Record
from crm.records.further_activities import has_further
from crm.services.activities import create_activity
from crm.services.activity_input import ActivityValues
from crm.services.timeline import Timeline, further_source

SHOWN = 50
#: Parameters of the address: which page of the timeline is shown; "no" leaves out what was logged on leads.
PAGE = "entries"
FURTHER = "leads"
#: What lies further back is found by the API: the database reads and sorts all that is newer.
LAST_PAGE = 200
ADDED: Mapping[str, StrOrPromise] = {
    ActivityKind.NOTE: _("The note was added."),
    ActivityKind.TASK: _("The task was added."),
    ActivityKind.CALL: _("The call was added."),
    ActivityKind.MEETING: _("The meeting was added."),
    ActivityKind.EMAIL: _("The e-mail was added."),
}


@dataclass(frozen=True, kw_only=True)
class Way:
    """A further way to add to a timeline, in the dialog of the page."""

    label: StrPromise
    address: str


#: What apps above add beside the note; each takes record and actor, and may return None.
_ways: list[Callable[[Any, Actor], Way | None]] = []


def register_way(make: Callable[[Any, Actor], Way | None]) -> None:
    _ways.append(make)


class WithTimeline(LiveAdmin[Any]):
    """The pages of a model whose records have a timeline."""

    change_form_template = "admin/crm/record_change_form.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_note"
        view = self.admin_site.admin_view(require_POST(self.add_note))
        return [path("<int:object_id>/note/", view, name=name), *super().get_urls()]

    def add_note(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Add an activity to a record, and go back to its page."""
        actor = acting(request)
        if not actor.may(Action.CHANGE_ACTIVITIES):
            raise PermissionDenied
        model: Any = self.model
        record = model.objects.visible_to(actor).filter(pk=object_id).first()
        form = ShortActivityForm(request.POST)
        if record is None:
            if (gone := self._gone_note(request, object_id, form)) is not None:
                return gone
            record = model.objects.find(actor, object_id)
        if form.is_valid():
            values: ActivityValues = {
                "entity_type": model.entity_kind,
                "entity_id": record.pk,
                "kind": form.cleaned_data["kind"],
                "text": form.cleaned_data["text"],
            }
            if values["kind"] == ActivityKind.TASK:
                values["assignee_id"] = actor.user_id
                if (day := form.cleaned_data["due_on"]) is not None:
                    values["due_at"] = start_of(day, zone_of(request))
            create_activity(values, actor=actor, is_logged=True)
            messages.success(request, self._added(values))
        else:
            refused = gettext("Nothing was added: enter a text of at most 100,000 characters.")
            if "due_on" in form.errors:
                refused = gettext("Nothing was added: enter a day such as 2026-01-31.")
            messages.error(request, refused)
        page = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return back_to(request, reverse(page, args=[record.pk], current_app=self.admin_site.name))

    @staticmethod
    def _added(values: ActivityValues) -> StrOrPromise:
        is_undated = values["kind"] == ActivityKind.TASK and "due_at" not in values
        return _("The task was added, without a day.") if is_undated else ADDED[values["kind"] or ""]

    def _gone_note(
        self, request: HttpRequest, object_id: int, form: ShortActivityForm
    ) -> HttpResponse | None:
        """Show the text that was typed for a record that is gone; None if it was restored for it."""
        if is_fragment(request):
            # The page says so, and keeps its form with the text.
            raise Http404
        text = Typed(str(form["text"].label), str(form["text"].value() or ""))
        return self.answer_gone(request, str(object_id), typed=[text])

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        record = kwargs.get("obj")
        if record is not None and record.deleted_at is None:
            actor = actor_of(request)
            context |= {
                **self._entries_of(request, record),
                "may_note": actor is not None and actor.may(Action.CHANGE_ACTIVITIES),
                "activity_form": ShortActivityForm(auto_id="note-%s"),  # Other ids than the record's form.
                "ways": [] if actor is None else [way for make in _ways if (way := make(record, actor))],
                "note_url": f"admin:{self.opts.app_label}_{self.opts.model_name}_note",
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def _entries_of(self, request: HttpRequest, record: Record) -> dict[str, Any]:
        """Return a page of the timeline, with what was logged on the leads of a person or organization."""
        page, zone = min(parse_id(request.GET.get(PAGE, "")) or 1, LAST_PAGE), zone_of(request)
        further = None if request.GET.get(FURTHER) == "no" else further_of(request, record)
        timeline = Timeline(record, *([] if further is None else [further_source(further)]))
        first = (page - 1) * SHOWN
        # One more than is shown tells whether there are older ones.
        entries = timeline[first : first + SHOWN + 1]
        kept = {FURTHER: "no"} if has_further(record) and further is None else {}
        return {
            "timeline": [
                {
                    "entry": entry,
                    "title": title_of(entry),
                    "text": text_of(entry),
                    "who": who_of(entry),
                    "lines": lines_of(entry, self.model),
                    "is_day": entry.activity is not None and is_day_alone(entry.activity, zone),
                    "about_address": "" if entry.about is None else page_of(entry.about),
                }
                for entry in entries[:SHOWN]
            ],
            "timeline_older": _asking(kept, page + 1) if len(entries) > SHOWN and page < LAST_PAGE else "",
            "timeline_newer": _asking(kept, page - 1) if page > 1 else "",
            "has_further": has_further(record),
            "further": further,
            "timeline_page": page_of(record),
            "timeline_here": request.get_full_path(),
        }


def _asking(kept: dict[str, str], page: int) -> str:
    return f"?{urlencode({**kept, PAGE: page})}"
