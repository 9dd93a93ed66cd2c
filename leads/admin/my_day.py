"""The home page: what a member has to do, and how the member stands; for managers, how the team does."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext

from crm.actors import Action
from crm.admin.acting import zone_of
from crm.admin.activity_actions import page_of
from crm.admin.base import acting
from crm.admin.dates import day_in_words, planned_in_words
from crm.admin.frame import home
from crm.admin.money import shown_amount
from crm.database.keys import parse_id
from crm.models import Activity
from crm.services.snoozing import Snooze
from leads.admin.first_steps import first_steps
from leads.admin.rotting import rotting_rule, rotting_shown
from leads.admin.team import leads_team, tiles_of
from leads.models import Lead
from leads.services.my_day import BY_TIME, LONGEST_IDLE_FIRST, NEWEST_FIRST, MyDay
from leads.services.standing import standing_of

#: Rows of each list; the list page shows all.
MOST_SHOWN = 15
#: Of what is planned later; the list of tasks has the rest.
MOST_PAGES = 100
#: What a row of a lead shows.
RELATED = ("stage", "status", "organization", "person", "owner")


def _rows(rows: QuerySet[Any], order: Sequence[Any], page: int = 1) -> tuple[list[Any], bool]:
    """Return the rows of a page, and whether there are more."""
    first = (page - 1) * MOST_SHOWN
    found = list(rows.order_by(*order)[first : first + MOST_SHOWN + 1])
    return found[:MOST_SHOWN], len(found) > MOST_SHOWN


def _leads(rows: QuerySet[Lead], order: Sequence[Any]) -> dict[str, Any]:
    # The first ones alone are joined to their people and organizations: with 1,800 rotting leads that was
    # most of the time of the statement. With a subquery PostgreSQL would look through all leads.
    first = list(rows.order_by(*order).values_list("pk", flat=True)[: MOST_SHOWN + 1])
    found, goes_on = _rows(rows.filter(pk__in=first).select_related(*RELATED), order)
    shown = [
        {
            "lead": lead,
            "amount": shown_amount(lead.amount, lead.currency),
            "reason": rotting_shown(lead),
            "about": " · ".join(str(each) for each in (lead.organization, lead.person) if _is_live(each)),
        }
        for lead in found
    ]
    return {"rows": shown, "goes_on": goes_on}


def _is_live(record: Any) -> bool:
    return record is not None and record.deleted_at is None


def _activities(
    title: str, rows: QuerySet[Activity], day: MyDay, due: str = "", page: int = 1
) -> dict[str, Any]:
    # The records of a list are read by one statement for each kind.
    records = GenericPrefetch("entity", [Lead.objects.visible_to(day.actor).select_related("status")])
    found, goes_on = _rows(rows.prefetch_related(records), BY_TIME, page)
    shown = [
        {
            "activity": row,
            "when": planned_in_words(row, day.today, day.zone),
            "record": row.entity,
            "address": page_of(row.entity),
            "ending": _ending(row.entity),
        }
        for row in found
    ]
    return {"title": title, "rows": shown, "goes_on": goes_on, "due": due}


def _ending(record: Any) -> str:
    """Return how a lead ended, such as "Lost"; empty for one that is open, and for other records."""
    return str(record.status) if isinstance(record, Lead) and record.closed_at is not None else ""


def _later(request: HttpRequest, day: MyDay) -> dict[str, Any]:
    """Return a page of what is planned after this week, which is open if the address names the page."""
    asked = request.GET.get("later", "")
    page = min(parse_id(asked) or 1, MOST_PAGES)
    part = _activities(gettext("Later"), day.later(), day, page=page)
    before, after = page - 1, page + 1 if part["goes_on"] and page < MOST_PAGES else 0
    # Whoever ticks something off there stays there.
    address = f"{request.path}?later={page}"
    return {**part, "is_open": bool(asked), "address": address, "before": before, "after": after}


def _snoozes(day: MyDay) -> list[tuple[str, str]]:
    """Return the choices of putting off, each with the day or hour that it means."""
    moments = {each: each.moment(day.now, day.zone) for each in Snooze}
    labels = {
        Snooze.LATER: gettext("Later today, %(when)s"),
        Snooze.TOMORROW: gettext("Tomorrow"),
        Snooze.NEXT_WEEK: gettext("Next week, %(when)s"),
    }
    offered = []
    for each, found in moments.items():
        if found is not None:
            to, at = found
            when = day_in_words(to, day.today) if at is None else f"{at:%H:%M}"
            offered.append((each.value, labels[each] % {"when": when}))
    return offered


def my_day_page(request: HttpRequest) -> HttpResponse:
    """Show the day of the acting member."""
    actor = acting(request)
    day = MyDay(actor=actor, zone=zone_of(request), now=timezone.now())
    todo = [
        _activities(gettext("Overdue"), day.overdue(), day, "overdue"),
        _activities(gettext("Today"), day.due_today(), day, "today"),
        _activities(gettext("This week"), day.due_this_week(), day, "week"),
        _activities(gettext("Without a day"), day.undated(), day, "open"),
    ]
    later = _later(request, day)
    rotting, new = _leads(day.rotting(), LONGEST_IDLE_FIRST), _leads(day.new_leads(), NEWEST_FIRST)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": gettext("My day"),
        "today": day.today,
        "todo": todo,
        "rotting": rotting,
        "new_leads": new,
        # Where there are some, the reason of each says its limit.
        "rotting_rule": "" if rotting["rows"] else rotting_rule(actor),
        "may_act": actor.may(Action.CHANGE_ACTIVITIES),
        "later": later,
        "snoozes": _snoozes(day),
        "may_add": actor.may(Action.CHANGE_LEADS),
    }
    own = standing_of(actor, today=day.today, zone=day.zone)
    context |= {"tiles": tiles_of(own), "leads_team": leads_team(actor)}
    is_quiet = not any(part["rows"] for part in (*todo, later, rotting, new))
    # Asked only where nothing else says that there are leads.
    if is_quiet and not own.open.number and not Lead.objects.visible_to(actor).exists():
        context["first_steps"] = first_steps(actor)
        context["may_set_up"] = actor.may(Action.CHANGE_LOOKUPS)
    return TemplateResponse(request, "admin/leads/my_day/page.html", context)


home.register(my_day_page)
