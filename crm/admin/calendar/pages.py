"""The pages of the calendar, beside the list of activities."""

from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from crm.actors import Action
from crm.admin.acting import zone_of
from crm.admin.activity_actions import Done, WithButtons, page_of
from crm.admin.activity_fields import MORNING
from crm.admin.base import acting
from crm.admin.calendar.asked import Asked, View, read_asked
from crm.admin.dates import is_day_alone
from crm.admin.forms import message_of
from crm.admin.frame.fragments import is_fragment
from crm.database.keys import parse_id
from crm.dates import parse_date, start_of
from crm.errors import Conflict, ConflictReason
from crm.languages.messages import translated
from crm.models import Activity
from crm.models.activity_kinds import APPOINTMENTS
from crm.services.planned_days import PlannedDay, planned_days
from crm.services.snoozing import move_to_day

LABELS = {View.DAY: _("Day"), View.WEEK: _("Week"), View.MONTH: _("Month")}
BEFORE = {View.DAY: _("The day before"), View.WEEK: _("The week before"), View.MONTH: _("The month before")}
AFTER = {View.DAY: _("The day after"), View.WEEK: _("The week after"), View.MONTH: _("The month after")}


class WithCalendar(WithButtons):
    """The calendar, and moves of activities to other days."""

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[Callable[..., HttpResponse], str]] = {
            "calendar/": (require_safe(self.calendar_page), "calendar"),
            "<int:object_id>/move/": (self.move_page, "move"),
        }
        own = [
            path(route, self.admin_site.admin_view(view), name=f"crm_activity_{name}")
            for route, (view, name) in pages.items()
        ]
        return [*own, *super().get_urls()]

    def calendar_page(self, request: HttpRequest) -> HttpResponse:
        """Show the entries of a day, week or month."""
        actor, zone = acting(request), zone_of(request)
        today = timezone.now().astimezone(zone).date()
        asked = read_asked(request.GET.dict(), actor=actor, today=today)
        days = planned_days(
            actor, asked.view.days(asked.day), zone=zone, most=asked.view.most, user_id=asked.user_id
        )
        before, after = asked.view.neighbours(asked.day)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Calendar"),
            "asked": asked,
            "days": [_shown_day(day, asked, today, zone) for day in days],
            "first": days[0].day,
            "last": days[-1].day,
            "views": [
                {
                    "view": view,
                    "label": LABELS[view],
                    "query": asked.query(view=view),
                    "is_current": view is asked.view,
                }
                for view in View
            ],
            "before_label": BEFORE[asked.view],
            "after_label": AFTER[asked.view],
            "before": asked.query(day=before),
            "after": asked.query(day=after),
            "to_today": asked.query(day=today),
            "may_change": actor.may(Action.CHANGE_ACTIVITIES),
            "next": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/crm/calendar/page.html", context)

    def move_page(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask for another day of an activity, or move it there."""
        if request.method == "POST":
            return self.act_on(request, object_id, lambda activity: _move(request, activity))
        actor = acting(request)
        if not actor.may(Action.CHANGE_ACTIVITIES):
            raise PermissionDenied
        activity = Activity.objects.visible_to(actor).filter(pk=object_id).first()
        if activity is None:
            raise Http404
        moment = activity.planned_for
        context = {
            "activity": activity,
            "title": gettext("Move %(activity)s") % {"activity": activity},
            "day": moment and moment.astimezone(zone_of(request)).date(),
            # Without scripts, back to the page that the link stood on.
            "next": request.GET.get("next", ""),
        }
        if is_fragment(request):
            return TemplateResponse(request, "admin/crm/calendar/move.html", context)
        context |= self.admin_site.each_context(request)
        return TemplateResponse(request, "admin/crm/calendar/move_page.html", context)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Fill in the day that the address of a new activity names."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        day = _day_of(request)
        if day is None:
            return initial
        if initial.get("kind") in APPOINTMENTS:
            return {**initial, "starts_at": datetime.combine(day, MORNING, zone_of(request))}
        # Midnight is how a day without a time is stored.
        return {**initial, "due_at": start_of(day, zone_of(request))}

    def response_post_save_add(self, request: HttpRequest, obj: Activity) -> HttpResponseRedirect:
        day = _day_of(request)
        if day is None:
            return super().response_post_save_add(request, obj)
        return HttpResponseRedirect(f"{reverse('admin:crm_activity_calendar')}?{urlencode({'day': day})}")


def _day_of(request: HttpRequest) -> date | None:
    try:
        return parse_date(request.GET.get("day"))
    except ValueError:
        return None


def _move(request: HttpRequest, activity: Activity) -> Done:
    version = parse_id(request.POST.get("version", ""))
    if version is None:
        raise ValidationError(gettext("Open the calendar again: this form is of no version."))
    try:
        day = parse_date(request.POST.get("day"))
    except ValueError as wrong:
        raise ValidationError(
            gettext("“%(activity)s” stays where it is: %(wrong)s")
            % {"activity": activity, "wrong": translated(wrong)}
        ) from None
    try:
        moved = move_to_day(activity.pk, day=day, actor=acting(request), expected_version=version)
    except Conflict as refused:
        if refused.reason is not ConflictReason.VERSION:
            raise
        text = gettext(
            "Somebody changed “%(activity)s” meanwhile. Here it is as it is now: move it again."
        ) % {"activity": activity}
        raise ValidationError(text) from None
    except ValidationError as refused:
        raise ValidationError(
            gettext("“%(activity)s” stays where it is: %(wrong)s")
            % {"activity": activity, "wrong": message_of(refused)}
        ) from None
    shown = date_format(day, gettext("l, j F Y"))
    text = gettext("“%(activity)s” is on %(day)s.") % {"activity": moved, "day": shown}
    before = activity.planned_for
    if before is None or moved.version == activity.version:
        return Done(text=text)
    return Done(
        text=text,
        undo=reverse("admin:crm_activity_move", args=[moved.pk]),
        fields={"version": moved.version, "day": before.astimezone(zone_of(request)).date()},
    )


def _shown_day(planned: PlannedDay, asked: Asked, today: date, zone: tzinfo) -> dict[str, Any]:
    return {
        "day": planned.day,
        "query": asked.query(view=View.DAY, day=planned.day),
        "entries": [_entry(activity, today, zone) for activity in planned.activities],
        "number": planned.number,
        "left_out": planned.left_out,
        "is_today": planned.day == today,
        "is_outside": asked.view is View.MONTH and planned.day.month != asked.day.month,
    }


def _entry(activity: Activity, today: date, zone: tzinfo) -> dict[str, Any]:
    moment = activity.planned_for
    assert moment is not None
    local = moment.astimezone(zone)
    ends = (moment + timedelta(minutes=activity.minutes or 0)).astimezone(zone)
    return {
        "activity": activity,
        "record": activity.entity,
        "address": page_of(activity.entity),
        "at": "" if is_day_alone(activity, zone) else f"{local:%H:%M}",
        "until": f"{ends:%H:%M}" if activity.minutes else "",
        # What was entered after it had taken place is nothing to do, and cannot be opened again.
        "is_done": not activity.is_open,
        "may_reopen": activity.was_planned,
        "is_late": activity.is_overdue(start_of(today, zone)),
    }
