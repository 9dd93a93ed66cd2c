"""The page of the form of an activity: what it begins with, and where it leads back to."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from crm.admin.activity_actions import page_of
from crm.admin.activity_fields import INPUTS
from crm.admin.base import acting
from crm.admin.calendar.pages import WithCalendar
from crm.errors import CrmError
from crm.models import Activity, ActivityKind
from crm.models.activity_kinds import KINDS_WITH
from crm.models.records import Record
from crm.records.registry import find_record, record_kind

#: Fields of the form that only some kinds have, where they are called otherwise than their columns.
NAMES = {"participants": "members", "people_participants": "people"}
#: The address of a list that was narrowed.
FROM_LIST = "_changelist_filters"


class WithActivityPage(WithCalendar):
    """The form of an activity about the record that its address names."""

    change_form_template = "admin/crm/activity_form.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.start))
        return [path("start/", view, name="crm_activity_start"), *super().get_urls()]

    def start(self, request: HttpRequest) -> HttpResponse:
        """Show the form of a new activity with what was typed into the short one.

        By POST, since a text may be longer than an address; nothing is stored.
        """
        about = {name: request.POST.get(name, "") for name in ("entity_type", "entity_id", "kind")}
        text, day = request.POST.get("text", ""), request.POST.get("due_on", "")
        asked = QueryDict(mutable=True)
        asked.update({**about, "text": text})
        if about["kind"] == ActivityKind.TASK:
            asked["day"] = day
        request.method, request.GET = "GET", asked  # type: ignore[assignment]  # one that nobody else changes
        address = f"{reverse('admin:crm_activity_add')}?{urlencode(about)}"
        return self.add_view(request, form_url=address, extra_context={"was_typed": bool(text.strip())})

    def get_form(
        self, request: HttpRequest, obj: Activity | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.about = None if obj is not None else self.named_record(request)
        form.about_people = self.named_people(request) if form.about is not None else ()
        form.kind_is_known = request.GET.get("kind", "") in ActivityKind.values
        return form

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_dbfield(db_field, request, **{**kwargs, **INPUTS.get(db_field.name, {})})

    def named_record(self, request: HttpRequest) -> Record | None:
        """Return the record that the address of a new activity names, if the actor sees it."""
        kind, key = request.GET.get("entity_type", ""), request.GET.get("entity_id", "")
        attributes = vars(request)
        if "named_record" not in attributes:
            try:
                attributes["named_record"] = find_record(kind, key, acting(request))
            except (KeyError, CrmError):
                attributes["named_record"] = None
        record: Record | None = attributes["named_record"]
        return record

    def named_people(self, request: HttpRequest) -> Sequence[Record]:
        """Return the people with whom an activity about that record is, read once for each request."""
        record, attributes = self.named_record(request), vars(request)
        if record is None:
            return ()
        if "named_people" not in attributes:
            attributes["named_people"] = record_kind(record.entity_kind).people_of(record, acting(request))
        people: Sequence[Record] = attributes["named_people"]
        return people

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        record = self.named_record(request) if kwargs.get("add") else None
        if record is not None:
            wanted = request.GET.get("kind", "")
            known = wanted in ActivityKind.values
            label = gettext(ActivityKind(wanted).label) if known else gettext("Activity")
            # Tasks have nobody who takes part: whom they are about stands here.
            people = self.named_people(request)
            context["subtitle"] = " · ".join([f"{label}: {record}", *map(str, people)])
        fields = {NAMES.get(name, name): sorted(kinds) for name, kinds in KINDS_WITH.items()}
        # It would be about no record.
        context["show_save_and_add_another"] = False
        context["kinds_with"] = json.dumps(fields | {"own_rule": fields["recurrence"]})
        return super().render_change_form(request, context, *args, **kwargs)

    def response_post_save_add(self, request: HttpRequest, obj: Activity) -> HttpResponseRedirect:
        # A day in the address is one of the calendar, where the form was opened.
        if request.GET.get("day"):
            return super().response_post_save_add(request, obj)
        return HttpResponseRedirect(page_of(obj.entity))

    def response_post_save_change(self, request: HttpRequest, obj: Activity) -> HttpResponseRedirect:
        if FROM_LIST in request.GET:
            return super().response_post_save_change(request, obj)
        return HttpResponseRedirect(page_of(obj.entity))
