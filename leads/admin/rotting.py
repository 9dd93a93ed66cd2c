"""When leads rot, and why one does, in the language and time zone of who reads it."""

from collections import defaultdict
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from crm.actors import Actor
from crm.admin.base import acting
from crm.admin.dates import shown_day
from crm.admin.lifecycle import LiveAdmin
from leads.models import Lead
from leads.models.rotting import LastActivity, rotting_reason
from pipelines.models import Stage


def rotting_shown(lead: Lead) -> str:
    """Return why a lead rots, such as "12 days since note of 3 March, limit 7"; empty if it does not."""
    if rotting_reason(lead) is None:
        return ""
    days = (timezone.now() - lead.last_activity_at).days
    said = ngettext(
        "%(days)s day since %(activity)s of %(day)s, limit %(limit)s",
        "%(days)s days since %(activity)s of %(day)s, limit %(limit)s",
        days,
    )
    return said % {
        "days": days,
        "activity": gettext(LastActivity(lead.last_activity).label),
        "day": shown_day(timezone.localtime(lead.last_activity_at).date()),
        "limit": lead.stage.rotting_days,
    }


def rotting_rule(actor: Actor) -> str:
    """Return after how many days leads rot in which stages."""
    stages = Stage.objects.visible_to(actor).filter(rotting_days__gt=0).select_related("pipeline")
    named: dict[int, list[str]] = defaultdict(list)
    for stage in stages.order_by("rotting_days", "pipeline__weight", "pipeline_id", "weight", "pk"):
        # The pipeline only where it tells something, as in the list of leads.
        is_usual = stage.pipeline.is_default
        named[stage.rotting_days].append(str(stage) if is_usual else f"{stage.pipeline}: {stage}")
    if not named:
        return gettext("No stage has a number of days after which its leads rot.")
    limits = [
        ngettext("%(days)s day in %(stages)s", "%(days)s days in %(stages)s", days)
        % {"days": days, "stages": ", ".join(names)}
        for days, names in named.items()
    ]
    said = gettext(
        "An open lead rots when nothing was logged or changed for as long as its stage allows: %(limits)s."
    )
    return said % {"limits": "; ".join(limits)}


class ExplainsRotting(LiveAdmin[Lead]):
    """Mixin: the list of rotting leads says when a lead rots."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        own = {"explained": rotting_rule(acting(request))} if request.GET.get("rotting") == "yes" else {}
        return super().changelist_view(request, {**own, **(extra_context or {})})
