"""The admin page of activities."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Action
from crm.admin.activity_actions import page_of
from crm.admin.activity_forms import ActivityForm
from crm.admin.activity_page import WithActivityPage
from crm.admin.base import acting
from crm.admin.dates import is_day_alone
from crm.admin.filters import DeletedFilter, VisibleRelatedFilter
from crm.admin.frame.search import TITLES
from crm.admin.lifecycle import LiveAdmin
from crm.admin.writing import CreatesThroughService, FormSet
from crm.dates import start_of
from crm.models import Activity
from crm.models.activities import PLANNED_AT
from crm.services import activities
from crm.services.days import zone_of

#: All fields that a person edits, but the record and those who take part.
FIELDS = ("kind", "subject", "text", "assignee", "priority", "due_at", "remind_at", "recurrence")
TALK_FIELDS = ("starts_at", "minutes", "direction", "outcome")
WHO = ("members", "people")
#: The view of the list that the navigation opens: what the member has still to do.
MY_TASKS = "due=open&whose=mine"


class DueFilter(admin.SimpleListFilter):
    """Filter what is not done by when it is due or begins, in the days of the member."""

    title = _("due")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [
            ("overdue", gettext("Before today")),
            ("today", gettext("Today")),
            ("week", gettext("In 7 days")),
            ("open", gettext("Not done")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        zone = zone_of(acting(request))
        today = timezone.now().astimezone(zone).date()
        start, tomorrow, week = (start_of(today + timedelta(days=days), zone) for days in (0, 1, 7))
        found = {
            "overdue": Q(planned_at__lt=start),
            "today": Q(planned_at__gte=start, planned_at__lt=tomorrow),
            "week": Q(planned_at__gte=start, planned_at__lt=week),
            "open": Q(),
        }.get(self.value() or "")
        return queryset if found is None else queryset.to_do().filter(found)


class WhoseFilter(admin.SimpleListFilter):
    """Filter by whether the member is to do it."""

    title = _("whose")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("mine", gettext("Mine")), ("nobody", gettext("Nobody"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Activity]) -> QuerySet[Activity]:
        whose = {"mine": acting(request).user_id, "nobody": None}
        return queryset.filter(assignee=whose[str(self.value())]) if self.value() in whose else queryset


@admin.register(Activity)
class ActivityAdmin(WithActivityPage, CreatesThroughService[Activity], LiveAdmin[Activity]):
    form = ActivityForm
    write_action = Action.CHANGE_ACTIVITIES
    delete_service = staticmethod(activities.delete_activity)
    restore_service = staticmethod(activities.restore_activity)
    list_title = _("Tasks")
    list_display = ("__str__", "kind", "about", "assignee", "planned", "priority", "done_at")
    further_columns = ("due_at", "starts_at")
    usual_views = (
        (_("My tasks"), MY_TASKS),
        (_("Overdue"), "due=overdue&whose=mine"),
        (_("Everybody's tasks"), "due=open"),
    )
    whole_view = (_("All activities"), 3)
    list_filter = (
        DeletedFilter,
        "kind",
        WhoseFilter,
        ("assignee", VisibleRelatedFilter),
        DueFilter,
        "priority",
    )
    list_select_related = ("assignee",)
    search_fields = ("subject", "text")
    search_help_text = _("Subject or text")
    ordering = ("-pk",)
    owner_fields = ("assignee",)
    shown_instead = {"members": "shown_members", "people": "shown_people"}
    actions = ("mark_done", "open_again", "delete_selected", "restore_selected")
    fieldsets = (
        (None, {"fields": ("record", "kind", "subject", "text", ("assignee", "priority"))}),
        (_("Task"), {"fields": ("due_at", "recurrence", "own_rule")}),
        (_("Call, meeting or e-mail"), {"fields": ("starts_at", ("minutes", "direction"), *WHO)}),
        (_("Reminder and outcome"), {"fields": ("remind_at", "outcome", "done_at")}),
    )
    add_fieldsets = (
        (None, {"fields": (("entity_type", "entity_id"), *FIELDS[:3], ("assignee", "priority"))}),
        (_("Task"), {"fields": ("due_at", "recurrence", "own_rule")}),
        (_("Call, meeting or e-mail"), {"fields": ("starts_at", ("minutes", "direction"), *WHO)}),
        (_("Reminder and outcome"), {"fields": ("remind_at", "outcome")}),
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        # Nobody knows a record by its id, which the form asks for where its address names none.
        adding = [{"title": TITLES[kind], "address": reverse(f"admin:new_{kind}")} for kind in TITLES]
        return super().changelist_view(request, {"adding": adding, **(extra_context or {})})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Activity]:
        # The records of a page are read by one statement for each kind.
        return super().get_queryset(request).prefetch_related("entity")

    def get_ordering(self, request: HttpRequest) -> Any:
        # What is to be done comes in its order; all that was done and noted, the newest first.
        return (
            (PLANNED_AT.asc(nulls_last=True), "pk") if "due" in request.GET else super().get_ordering(request)
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Activity | None = None) -> tuple[str, ...]:
        return ("record", "done_at")

    @admin.display(description=_("About"))
    def about(self, activity: Activity) -> SafeString:
        return self.record(activity)

    @admin.display(description=_("When"), ordering=PLANNED_AT)
    def planned(self, activity: Activity) -> str | None:
        at = activity.planned_for
        if at is None:
            return None
        is_day = is_day_alone(activity, timezone.get_current_timezone())
        return date_format(timezone.localtime(at), "DATE_FORMAT" if is_day else "DATETIME_FORMAT")

    @admin.display(description=_("record"))
    def record(self, activity: Activity) -> SafeString:
        record: Any = activity.entity
        return format_html('<a href="{}">{}</a>', page_of(record), record)

    @admin.display(description=_("participants"))
    def shown_members(self, activity: Activity) -> str:
        # For viewers, who see values in place of the form's fields.
        return ", ".join(str(user) for user in activity.participants.order_by("displayname", "pk"))

    @admin.display(description=_("people who take part"))
    def shown_people(self, activity: Any) -> str:
        return ", ".join(str(person) for person in activity.people_participants.filter(deleted_at=None))

    def make(self, request: HttpRequest, form: ActivityForm) -> Activity:
        given = [name for name in (*FIELDS, *TALK_FIELDS, *WHO) if form.cleaned_data[name] not in (None, "")]
        values = form.values([*given, "entity_type", "entity_id"])
        return activities.create_activity(values, actor=acting(request), is_logged=True)

    def store(self, request: HttpRequest, form: ActivityForm, formsets: Sequence[FormSet]) -> None:
        changed = [name for name in form.changed_data if name in (*FIELDS, *TALK_FIELDS, *WHO)]
        activities.update_activity(
            form.instance.pk,
            form.values(changed),
            actor=acting(request),
            expected_version=form.expected_version,
        )

    @admin.action(permissions=["change"], description=_("Mark selected activities as done"))
    def mark_done(self, request: HttpRequest, queryset: QuerySet[Activity]) -> None:
        actor = acting(request)
        self.for_each(
            request,
            queryset,
            lambda row: activities.complete_task(row.pk, actor=actor),
            done=gettext("Completed %(rows)s."),
        )

    @admin.action(permissions=["change"], description=_("Open selected activities again"))
    def open_again(self, request: HttpRequest, queryset: QuerySet[Activity]) -> None:
        actor = acting(request)
        self.for_each(
            request,
            queryset,
            lambda row: activities.reopen_task(row.pk, actor=actor),
            done=gettext("Opened %(rows)s."),
        )
