"""Activities of members on some days, by kind."""

from collections import defaultdict
from collections.abc import Mapping

from django.db.models import Count, Q

from crm.actors import Actor
from crm.models import Activity, ActivityKind
from leads.services.report_days import Days


def activity_by_member(actor: Actor, days: Days) -> Mapping[int | None, Mapping[str, int]]:
    """Count the visible activities of some days by who did them and kind.

    A task counts on the day on which it was done, for who did it; all others on the day on which they took
    place, or else were noted, for who noted them.
    """
    found: defaultdict[int | None, dict[str, int]] = defaultdict(dict)
    rows = Activity.objects.visible_to(actor).order_by()
    tasks = rows.filter(days.has("done_at"), kind=ActivityKind.TASK)
    for member, number in tasks.values_list("done_by").annotate(number=Count("pk")):
        found[member][ActivityKind.TASK] = number
    took_place = days.has("starts_at") | (Q(starts_at=None) & days.has("created_at"))
    others = rows.filter(took_place).exclude(kind=ActivityKind.TASK)
    for member, kind, number in others.values_list("user", "kind").annotate(number=Count("pk")):
        found[member][kind] = number
    return found
