"""Buttons of one activity on any page: done, open again, put off."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from crm.actors import Action, Actor
from crm.admin.acting import zone_of
from crm.admin.base import acting
from crm.admin.dates import planned_in_words
from crm.admin.forms import message_of
from crm.admin.frame.fragments import back_to, message_with_undo
from crm.admin.lifecycle import LiveAdmin
from crm.dates import parse_date
from crm.errors import CrmError
from crm.models import Activity
from crm.services import activities
from crm.services.snoozing import Snooze, move_to_day, snooze


@dataclass(frozen=True, kw_only=True)
class Done:
    """A sentence about a change, and the address and fields of a form that undoes it."""

    text: str
    undo: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)


def page_of(record: Any) -> str:
    """Return the address of the page of a record."""
    return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])


class WithButtons(LiveAdmin[Activity]):
    """The buttons of an activity; each leads back to the page that it stands on, else to the record."""

    def get_urls(self) -> list[URLPattern]:
        buttons = {"done": self.mark_one_done, "reopen": self.reopen_one, "snooze": self.snooze_one}
        return [
            *(
                path(
                    f"<int:object_id>/{name}/",
                    self.admin_site.admin_view(require_POST(view)),
                    name=f"crm_activity_{name}",
                )
                for name, view in buttons.items()
            ),
            *super().get_urls(),
        ]

    def mark_one_done(self, request: HttpRequest, object_id: int) -> HttpResponse:
        actor = acting(request)

        def complete(activity: Activity) -> Done:
            activities.complete_task(activity.pk, actor=actor)
            undo = reverse("admin:crm_activity_reopen", args=[activity.pk])
            return Done(text=gettext("“%(activity)s” is done.") % {"activity": activity}, undo=undo)

        return self.act_on(request, object_id, complete)

    def reopen_one(self, request: HttpRequest, object_id: int) -> HttpResponse:
        actor = acting(request)

        def reopen(activity: Activity) -> Done:
            activities.reopen_task(activity.pk, actor=actor)
            return Done(text=gettext("“%(activity)s” is open again.") % {"activity": activity})

        return self.act_on(request, object_id, reopen)

    def snooze_one(self, request: HttpRequest, object_id: int) -> HttpResponse:
        actor = acting(request)

        def put_off(activity: Activity) -> Done:
            moved = _moved(activity, request.POST, actor=actor)
            zone = zone_of(request)
            when = planned_in_words(moved, timezone.localtime(timezone=zone).date(), zone)
            text = gettext("“%(activity)s” is put off: %(when)s.") % {"activity": activity, "when": when}
            if activity.planned_for is None:
                return Done(text=text)
            former = activity.planned_for.astimezone(zone)
            fields = {"day": former.date().isoformat(), "time": former.time().isoformat()}
            return Done(
                text=text, undo=reverse("admin:crm_activity_snooze", args=[activity.pk]), fields=fields
            )

        return self.act_on(request, object_id, put_off)

    def act_on(self, request: HttpRequest, object_id: int, act: Callable[[Activity], Done]) -> HttpResponse:
        """Do something with a visible activity, say what was done or refused, and lead back."""
        actor = acting(request)
        if not actor.may(Action.CHANGE_ACTIVITIES):
            raise PermissionDenied
        activity = Activity.objects.visible_to(actor).filter(pk=object_id).first()
        if activity is None:
            raise Http404
        try:
            done = act(activity)
        except (ValidationError, CrmError) as refused:
            messages.error(request, message_of(refused))
        else:
            if done.undo:
                message_with_undo(request, done.text, done.undo, done.fields)
            else:
                messages.success(request, done.text)
        return back_to(request, page_of(activity.entity))


def _moved(activity: Activity, given: Mapping[str, str], *, actor: Actor) -> Activity:
    """Move an activity as "Put off" asks: to a day, and perhaps a time, or by a choice with a name.

    :raises ValidationError: if they name none, or the move is refused.
    """
    if given.get("when") in set(Snooze):
        return snooze(activity.pk, Snooze(given["when"]), actor=actor)
    try:
        day = parse_date(given.get("day"))
        at = time.fromisoformat(given["time"]) if given.get("time") else None
    except ValueError:
        raise ValidationError(gettext("Choose a day, and a time such as 14:30 if you like.")) from None
    return move_to_day(activity.pk, day=day, at=at, actor=actor)
