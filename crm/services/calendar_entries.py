"""The calendar of one member as iCalendar (RFC 5545): tasks that are due, meetings, and calls with a time.

Tasks are events too, not VTODO: of a calendar that they subscribe to, Google Calendar and Outlook show events
alone.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.db.models import Case, Q, When
from icalendar import Alarm, Calendar, Event, vRecur

from crm.actors import Actor
from crm.dates import zone_named
from crm.models import Activity, ActivityKind, Membership, Priority
from crm.services.planned_days import of_member
from crm.texts import single_line, without_controls

PAST = timedelta(days=90)
FUTURE = timedelta(days=366)
MOST_ENTRIES = 1_000
#: Of a call or meeting without a length.
USUAL_LENGTH = timedelta(minutes=30)
LONGEST_DESCRIPTION = 2_000
TALKS = (ActivityKind.MEETING, ActivityKind.CALL)
#: RFC 5545 counts from 1, the highest, to 9.
PRIORITIES = {Priority.HIGH: 1, Priority.NORMAL: 5, Priority.LOW: 9}
DAY = timedelta(days=1)


def calendar_of(membership: Membership, actor: Actor) -> bytes:
    """Return the calendar of a member, of what the member sees: four statements, however many entries.

    The same rows give the same bytes.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Open CRM//Calendar feed//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", single_line(f"{membership.company.name} CRM"))
    calendar.add("refresh-interval", timedelta(minutes=15), parameters={"VALUE": "DURATION"})
    zone = zone_named(membership.user.timezone, membership.company.timezone)
    for activity in _entries(actor):
        calendar.add_component(_event(activity, zone))
    # Times are in UTC but for what repeats, which keeps its hour when clocks change.
    calendar.add_missing_timezones()
    content: bytes = calendar.to_ical()
    return content


def _entries(actor: Actor) -> list[Activity]:
    """Return the next entries, then the latest past ones, up to the limit, in the order of their times."""
    now = datetime.now(UTC)
    rows = (
        Activity.objects.visible_to(actor)
        .filter(of_member(actor.user_id))
        .filter(Q(kind=ActivityKind.TASK, due_at__isnull=False) | Q(kind__in=TALKS, starts_at__isnull=False))
        .annotate(at=Case(When(kind=ActivityKind.TASK, then="due_at"), default="starts_at"))
        .filter(at__gte=now - PAST, at__lt=now + FUTURE)
        .prefetch_related("entity")
    )
    coming = list(rows.filter(at__gte=now).order_by("at", "pk")[:MOST_ENTRIES])
    past = list(rows.filter(at__lt=now).order_by("-at", "-pk")[: MOST_ENTRIES - len(coming)])
    return [*reversed(past), *coming]


def _event(activity: Activity, zone: tzinfo) -> Event:
    is_task = activity.kind == ActivityKind.TASK
    is_done = activity.done_at is not None
    rule = None if is_done else _rule(activity.recurrence)
    event = Event()
    event.add("uid", str(activity.uuid))
    event.add("dtstamp", activity.updated_at)
    event.add("created", activity.created_at)
    event.add("last-modified", activity.updated_at)
    event.add("sequence", activity.version)
    event.add("summary", f"\N{CHECK MARK} {_title(activity)}" if is_done else _title(activity))
    event.add("description", _description(activity))
    event.add("status", "CONFIRMED")
    event.add("priority", PRIORITIES[Priority(activity.priority)])
    # A task that is due takes no time in which somebody could not be invited.
    event.add("transp", "TRANSPARENT" if is_task else "OPAQUE")
    starts, ends = _times(activity, zone, repeats=rule is not None)
    event.add("dtstart", starts)
    event.add("dtend", ends)
    if rule is not None:
        event.add("rrule", _with_same_kind_of_end(rule, is_day=not isinstance(starts, datetime)))
    if activity.remind_at is not None and not is_done:
        event.add_component(_alarm(activity.remind_at, _title(activity)))
    return event


def _title(activity: Activity) -> str:
    text = activity.subject or next(iter(activity.text.strip().splitlines()), "")
    return single_line(text) or activity.get_kind_display()


def _description(activity: Activity) -> str:
    lines = [str(activity.entity), activity.text.strip()]
    return without_controls("\n".join(lines))[:LONGEST_DESCRIPTION]


def _times(activity: Activity, zone: tzinfo, *, repeats: bool) -> tuple[date, date]:
    """Return the first and the last moment, or whole days, the last one being the first day after."""
    at: datetime = activity.at  # type: ignore[attr-defined]  # annotated by _entries
    local = at.astimezone(zone)
    length = timedelta(minutes=activity.minutes) if activity.minutes else None
    # Midnight in the member's time zone is how a day without a time is stored.
    if local.time() == time.min and (activity.kind == ActivityKind.TASK or _is_days(length)):
        days = max(1, (length or DAY) // DAY)
        return local.date(), local.date() + timedelta(days=days)
    if activity.kind == ActivityKind.TASK:
        length = timedelta(0)
    starts = local if repeats else at.astimezone(UTC)
    return starts, starts + (USUAL_LENGTH if length is None else length)


def _is_days(length: timedelta | None) -> bool:
    return length is not None and not length % DAY


def _rule(text: str | None) -> vRecur | None:
    """Return the rule by which a task repeats; None for a text that is none, which costs no calendar."""
    if not text:
        return None
    try:
        rule: vRecur = vRecur.from_ical(single_line(text).removeprefix("RRULE:"))
    except ValueError:
        return None
    return rule if "FREQ" in rule else None


def _with_same_kind_of_end(rule: vRecur, *, is_day: bool) -> vRecur:
    """Return a rule whose end is a day if its begin is one, and else a moment in UTC, as RFC 5545 asks."""
    ends = []
    for end in rule.get("UNTIL", []):
        if is_day:
            ends.append(end.date() if isinstance(end, datetime) else end)
        elif isinstance(end, datetime):
            ends.append(end.astimezone(UTC) if end.tzinfo else end.replace(tzinfo=UTC))
        else:
            ends.append(datetime.combine(end, time.max, UTC).replace(microsecond=0))
    return vRecur({**rule, "UNTIL": ends}) if ends else rule


def _alarm(at: datetime, title: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", at.astimezone(UTC), parameters={"VALUE": "DATE-TIME"})
    return alarm
